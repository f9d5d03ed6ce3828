"""What one request says about the cache, in LiteLLM's words or HTTP's.

Knows names, types and ranges; refuses to know what the configuration makes of them.

Source: https://docs.litellm.ai/docs/proxy/caching, and RFC 9111, section 5.2.1, for the header.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.value import value

#: Seconds; a year, as long as any answer may be kept.
LONGEST: Final = 31_536_000

_NAMESPACE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_AGE: Final = re.compile(r'"?(\d{1,9})"?')


@value(frozen=True, slots=True, kw_only=True)
class CacheControls:
    """A request's own rules.

    Args:
        no_cache: Take no kept answer; the new one is kept.
        no_store: Don't keep the answer; a kept one may be taken.
        use_cache: Whether to have to do with the cache at all; None leaves it to its mode.
        ttl: Seconds that the answer is kept; None leaves it to the configuration.
        max_age: The age in seconds up to which a kept answer is taken; None takes any.
        namespace: Answers of one namespace are not found in another.
    """

    no_cache: bool = False
    no_store: bool = False
    use_cache: bool | None = None
    ttl: float | None = None
    max_age: float | None = None
    namespace: str | None = None


NO_CONTROLS: Final = CacheControls()


def read_controls(said: Any, header: str | None = None) -> CacheControls:
    """Read a request's `cache` object, and its Cache-Control header for what that leaves open.

    Args:
        said: The body's `cache`, as it came; None where there is none.
        header: The Cache-Control header; what it says beyond what is known is skipped, as HTTP
            has it.

    Raises:
        InvalidRequest: the object is not what it should be; names the field.
    """
    if said is None and header is None:
        return NO_CONTROLS
    return CacheControls(**{**_directives(header or ""), **_fields(said)})


def _fields(said: Any) -> Json:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise _wrong("cache", "an object")
    fields: Json = {}
    for name, wish in said.items():
        if name not in _FIELDS:
            raise InvalidRequest(
                f"There is no cache control '{name[:100]}': there are {_KNOWN}.",
                param=f"cache.{name[:100]}",
                code="unknown_parameter",
            )
        if wish is not None:
            field, check, form = _FIELDS[name]
            if not check(wish):
                raise _wrong(f"cache.{name}", form)
            fields[field] = wish
    return fields


def _wrong(param: str, form: str) -> InvalidRequest:
    return InvalidRequest(
        f"Invalid value for '{param}': expected {form}.", param=param, code="invalid_type"
    )


def _directives(header: str) -> Json:
    """Give what the header says; a field is there only if it was said."""
    fields: Json = {}
    for part in header.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name in {"no-cache", "no-store"}:
            fields[name.replace("-", "_")] = True
        age = _AGE.fullmatch(value) if name == "max-age" else None
        if age is not None:
            fields["max_age"] = float(age[1])
    return fields


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_span(value: Any) -> bool:
    return _is_number(value) and 0 < value <= LONGEST


def _is_age(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_namespace(value: Any) -> bool:
    return isinstance(value, str) and _NAMESPACE.fullmatch(value) is not None


_FLAG: Final = "true or false"
_SECONDS: Final = "a number of seconds, 0 or more"
#: Name -> the field, what values it takes, and that in words.
_FIELDS: Final[dict[str, tuple[str, Callable[[Any], bool], str]]] = {
    "no-cache": ("no_cache", _is_flag, _FLAG),
    "no-store": ("no_store", _is_flag, _FLAG),
    "use-cache": ("use_cache", _is_flag, _FLAG),
    "ttl": ("ttl", _is_span, f"a number of seconds above 0, {LONGEST} at most"),
    "s-maxage": ("max_age", _is_age, _SECONDS),
    "s-max-age": ("max_age", _is_age, _SECONDS),
    "namespace": (
        "namespace",
        _is_namespace,
        "1 to 128 letters, digits, dots, colons, hyphens and underscores",
    ),
}
_KNOWN: Final = ", ".join(f"'{name}'" for name in _FIELDS if name != "s-max-age")
