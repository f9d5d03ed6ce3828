"""The checked value types of settings.

Each refuses with words that never repeat the value: it may be a secret. A type by its own name
(`TypeAliasType`) is built once for the whole configuration, so it knows nothing of the section that
it stands in.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from typing_extensions import TypeAliasType

#: A host's full name, with or without a port; no address: its scheme would be a guess.
_BARE_HOST = re.compile(r"([A-Za-z0-9-]{1,63}\.){1,30}[A-Za-z][A-Za-z0-9-]{1,62}(:\d{1,5})?")

_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smh]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Section(BaseModel):
    """A mapping of settings: frozen, closed, and silent about its values."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        protected_namespaces=(),
        defer_build=True,  # built once, with the whole that it is a part of
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        """Read `key:` with nothing behind it as if the key were not there, as LiteLLM does."""
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value is not None}
        return data


def absent() -> Any:
    """Give the field of a section that a configuration may leave out: one of nothing but defaults.

    It is read with the whole that it is a part of; made by its class, it would need a schema alone.
    """
    return Field(default_factory=dict, validate_default=True)


def _solid_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text:
        raise ValueError("must not be empty")
    if text != text.strip():
        raise ValueError("must not begin or end with white space")
    return secret


def _http_url(text: str) -> str:
    refusal = ValueError("expected an http:// or https:// URL")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise refusal from None  # the cause repeats the value
    if not usable:
        raise refusal
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must not carry a user name or password")
    if parts.query or parts.fragment:
        raise ValueError("a base URL has neither a query nor a fragment")
    return text


def _base_url(text: str) -> str:
    """Read a bare host, such as a VPC endpoint's name, as that host over https."""
    return _http_url(f"https://{text}" if _BARE_HOST.fullmatch(text) else text)


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _in_seconds(value: object) -> object:
    """Read `600s`, `10m` and `1h`; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    span = _SPAN.fullmatch(value.strip())
    if span is None:
        raise ValueError("expected a number of seconds, or a number with s, m or h behind it")
    return float(span[1]) * _UNITS[span[2]]


def _no_flag(value: object) -> object:
    """Refuse true and false, which Python takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("expected a number, not true or false")  # noqa: TRY004 - pydantic's own
    return value


def _no_number(value: object) -> object:
    """Refuse 1 and 0 for true and false: whoever writes a number means another setting."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        near = "true" if value else "false"
        raise ValueError(f"expected true or false (did you mean {near}?)")  # noqa: TRY004 - the same
    return value


_Whole = Annotated[int, BeforeValidator(_no_flag)]
_Finite = Annotated[float, AllowInfNan(allow_inf_nan=False), BeforeValidator(_no_flag)]

#: A credential: shown as `**********`, never empty.
Secret = TypeAliasType("Secret", Annotated[SecretStr, AfterValidator(_solid_secret)])
Text = TypeAliasType("Text", Annotated[str, AfterValidator(_filled)])
#: The same where a number stands for its digits.
TextOrNumber = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_filled)]
#: An http(s) URL, or the bare name of a host, which becomes an https one.
BaseUrl = TypeAliasType("BaseUrl", Annotated[str, AfterValidator(_base_url)])
HttpUrl = TypeAliasType("HttpUrl", Annotated[str, AfterValidator(_http_url)])
#: True or false, and nothing that could be taken for them.
Flag = TypeAliasType("Flag", Annotated[bool, BeforeValidator(_no_number)])
#: How many of something; from 1, or from 0.
Count = TypeAliasType("Count", Annotated[_Whole, Field(gt=0, le=1_000_000_000)])
CountOrNone = TypeAliasType("CountOrNone", Annotated[_Whole, Field(ge=0, le=1_000_000_000)])
#: What is held at once, each taking memory; from 1, or from 0.
Places = TypeAliasType("Places", Annotated[_Whole, Field(gt=0, le=1_000_000)])
PlacesOrNone = TypeAliasType("PlacesOrNone", Annotated[_Whole, Field(ge=0, le=1_000_000)])
#: Further tries, or other models, after a failure.
Tries = TypeAliasType("Tries", Annotated[_Whole, Field(ge=0, le=100)])
#: A place in an order.
Rank = TypeAliasType("Rank", Annotated[_Whole, Field(ge=-1_000_000, le=1_000_000)])
#: A share, beside others'.
Share = TypeAliasType("Share", Annotated[_Finite, Field(ge=0, le=1_000_000_000)])
#: A span of time, in seconds: a day at most, beyond which a timeout is none.
Seconds = TypeAliasType("Seconds", Annotated[_Finite, Field(gt=0, le=86_400)])
NonNegativeSeconds = Annotated[_Finite, Field(ge=0, le=86_400)]
#: How long something is kept, in seconds: a year at most.
KeptSeconds = TypeAliasType("KeptSeconds", Annotated[_Finite, Field(gt=0, le=31_536_000)])
#: A price, in US dollars.
Money = TypeAliasType("Money", Annotated[_Finite, Field(ge=0, le=1_000_000)])
#: A span of time in seconds, or written as `600s`, `10m` or `1h`; may be none.
Span = TypeAliasType("Span", Annotated[NonNegativeSeconds, BeforeValidator(_in_seconds)])
#: A request's body, in units of 1 048 576 bytes: AWS quotes no larger limit for any endpoint.
PayloadMegabytes = TypeAliasType("PayloadMegabytes", Annotated[_Finite, Field(gt=0, le=25)])
#: A size in the same units.
Megabytes = Annotated[_Finite, Field(gt=0, le=1_048_576)]
