"""A call's keyword arguments, told apart: settings of the deployment, and the request's own.

Knows the names; what a value may be, the settings' and the requests' schemas know.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from pydantic import ValidationError

from adapters.base import Json
from adapters.deployment.settings import Settings
from adapters.deployment.wording import plain_words
from adapters.errors import InvalidRequest
from adapters.sagemaker.identity_settings import IDENTITY_KEYS, KEY_SETTINGS, names_identity
from adapters.spelling import nearest

#: Said by each request, and no setting of the endpoint behind it.
_REQUESTS_OWN: Final = frozenset({"extra_body"})
_SETTINGS: Final = frozenset(Settings.model_fields) - _REQUESTS_OWN
_OURS: Final = ("aws_", "sagemaker_")
#: Has an argument of its own, beside the call's named parts.
_ARGUMENTS: Final = _SETTINGS | _REQUESTS_OWN | {"stream"}

_ONE_TRY: Final = "each call is tried once, on one endpoint"
#: LiteLLM's arguments that can't be left out in silence, and that no container has a use for.
_REFUSED: Final[Mapping[str, str]] = {
    "api_key": "SageMaker has no API keys: use aws_access_key_id and aws_secret_access_key",
    "api_version": "SageMaker has one API",
    "cache": "answers are not cached",
    "caching": "answers are not cached",
    "configurable_clientside_auth_params": "there are no clients here",
    "context_window_fallback_dict": _ONE_TRY,
    "fallbacks": _ONE_TRY,
    "guardrails": "there are none",
    "headers": "use extra_headers",
    "litellm_credential_name": "there is no list of credentials: give the settings themselves",
    "logger_fn": "use Python's logging, logger 'sagegate.sdk'",
    "max_retries": _ONE_TRY,
    "mock_tool_calls": "a mock answers text only",
    "model_list": "name one model",
    "num_retries": _ONE_TRY,
    "request_timeout": "use timeout",
    "ssl_verify": "certificates are always checked: AWS_CA_BUNDLE names other authorities",
    "verbose": "use set_verbose",
}
#: Those of them that an empty value, or a zero, asks for nothing by.
_MAY_BE_EMPTY: Final = frozenset(
    {"cache", "caching", "fallbacks", "guardrails", "max_retries", "num_retries", "verbose"}
)
#: Notes for bookkeeping that is not done here.
_IGNORED: Final = frozenset({"metadata", "tags"})
#: Where the environment says who signs: AWS's own names.
_VARIABLES: Final = {name: name.upper() for name in KEY_SETTINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """A call's arguments, told apart."""

    settings: Settings
    #: The request, as a client of the proxy would send it; not checked yet.
    params: Json


def read_arguments(
    names: Collection[str],
    body: Json,
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
) -> Arguments:
    """Tell a call's arguments apart, and check the settings; None counts as not given.

    Args:
        names: The parameters that the task's requests are known to have.
        body: The request's named parts: `model`, `messages`, ...
        arguments: Everything else: settings, OpenAI's parameters, and the container's own.
        environ: Who signs, where the arguments don't say; an empty variable counts as unset.

    Raises:
        InvalidRequest: an argument is unknown, or has a wrong value; `param` is its name.
    """
    settings, params = _told_apart(names, arguments)
    extra = _extra_body(arguments.get("extra_body"), body)
    named = {name: value for name, value in body.items() if value is not None}
    params = _as_json({**named, **params, **extra})
    read = _settings(_with_identity(settings, environ))
    return Arguments(settings=read, params=params)


def _told_apart(
    names: Collection[str], arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    settings: dict[str, Any] = {}
    params: dict[str, Any] = {}
    for name, value in arguments.items():
        if value is None or name in _IGNORED or name in _REQUESTS_OWN:
            continue
        if name in _MAY_BE_EMPTY and not value:
            continue
        if name in _SETTINGS:
            settings[name] = value
            continue
        if name not in names:
            _check_name(name)
        params[name] = value
    return settings, params


def _extra_body(extra: Any, body: Json) -> Mapping[str, Any]:
    """Give the way out for a container's odd names; nothing that is said elsewhere goes there.

    Raises:
        InvalidRequest: it names a setting, which must not travel to a container, or what the call
            is about, which would then be two things at once.
    """
    if extra is None:
        return {}
    if not isinstance(extra, Mapping):
        raise _wrong("extra_body", "expected a mapping of keys to values")
    for name in extra:
        if name in _REFUSED:
            raise _wrong(name, f"not supported: {_REFUSED[name]}")
        if name in _ARGUMENTS or name in body:
            raise _wrong(name, "is an argument of its own, and has no place in extra_body")
        if isinstance(name, str) and name.startswith(_OURS):
            raise _wrong(name, f"unknown setting{_hint(name)}; it is never sent to a container")
    return {name: value for name, value in extra.items() if value is not None}


def _check_name(name: str) -> None:
    """Let a container's own parameter pass, and nothing that looks like a setting.

    Raises:
        InvalidRequest: a misspelt secret must not travel to a container.
    """
    if name in _REFUSED:
        raise _wrong(name, f"not supported: {_REFUSED[name]}")
    if _near_setting(name) is None and not name.startswith(_OURS):
        return
    way_out = (
        ""
        if name.startswith(_OURS)
        else "; a container's own parameter of this name goes into extra_body"
    )
    raise _wrong(name, f"unknown argument{_hint(name)}{way_out}")


def _hint(name: str) -> str:
    near = _near_setting(name)
    return f" (did you mean {near}?)" if near else ""


@lru_cache(maxsize=1024)
def _near_setting(name: str) -> str | None:
    """Give the setting that a name is probably a slip of; programs say the same names each time."""
    return nearest(name, _SETTINGS)


def _with_identity(settings: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Add who signs from the environment, unless the arguments name somebody; never mix the two.

    An AWS setting that is an empty text counts as not given, as the empty placeholders of examples
    do.
    """
    named = {
        name: value
        for name, value in settings.items()
        if not (name.startswith("aws_") and value == "")
    }
    if not names_identity(environ) and not any(name in named for name in IDENTITY_KEYS):
        found = {name: environ.get(variable) for name, variable in _VARIABLES.items()}
        if found["aws_access_key_id"] or found["aws_secret_access_key"]:
            named |= {name: value for name, value in found.items() if value}
    return named


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(step) for step in first["loc"]) or "api_base"
        raise _wrong(name, plain_words(first)) from None  # the cause knows the values


def _as_json(params: dict[str, Any]) -> Json:
    """Give the request as JSON has it, and as a copy: tuples are arrays, models are objects."""
    try:
        written = orjson.dumps(params, default=_plain)
    except orjson.JSONEncodeError as error:
        raise InvalidRequest(f"The request can't be written as JSON: {error}.") from error
    if b"null" in written:  # what JSON has for None, and orjson for numbers that JSON has not
        for name, value in params.items():
            _check_numbers(name, value)
    copied: Json = orjson.loads(written)
    return copied


def _check_numbers(name: str, value: Any) -> None:
    """Let what JSON can say pass; it has no infinite numbers, and none that are not one.

    Raises:
        InvalidRequest: there is one, under the argument of that name.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(name, f"{value} is no number in JSON")
    if not isinstance(value, Mapping) and callable(getattr(value, "model_dump", None)):
        value = _plain(value)
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for each in value:
        _check_numbers(name, each)


def _plain(value: Any) -> Any:
    """Write what knows itself as a dict, such as the `openai` package's messages."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(exclude_none=True)
    raise TypeError(f"there is no JSON for {type(value).__name__}")


def _wrong(name: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{name}: {message}.", param=name, code="invalid_argument")
