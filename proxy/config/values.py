"""The checked value types of the server's own settings.

Each refuses with words that never repeat the value: it may be a secret.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from adapters.deployment.values import Seconds
from proxy.keys.duration import seconds_of

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+")


def _exact_path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError('expected a path that begins with "/"')
    if "*" in text:
        raise ValueError('expected an exact path: "*" is not supported')
    return text


def _ascending(steps: tuple[float, ...]) -> tuple[float, ...]:
    if not steps or any(low >= high for low, high in pairwise(steps)):
        raise ValueError("expected numbers of seconds, each larger than the one before")
    return steps


def _metadata_fields(names: tuple[str, ...]) -> tuple[str, ...]:
    fields = tuple(name.removeprefix("metadata.") for name in names)
    if not all(fields) or len(set(map(_label, fields))) != len(fields):
        raise ValueError("expected different fields, such as metadata.department")
    return fields


def _label(field: str) -> str:
    return re.sub(r"\W", "_", field, flags=re.ASCII)


def _origin(text: str) -> str:
    if text != "*" and not _ORIGIN.fullmatch(text):
        raise ValueError('expected "*" or an origin such as https://chat.example.com')
    return text


def _header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text):
        raise ValueError("expected the name of an HTTP header, such as X-Gateway-Key")
    return text


def _calendar_span(text: str) -> str:
    seconds_of(text)
    return text


def _function_name(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")) or "." not in text:
        raise ValueError("expected module.function")
    return text


def _key_route(text: str) -> str:
    """Let LiteLLM's name for all that a key can be for stand beside paths."""
    return text if text == "llm_api_routes" else _exact_path(text)


def _model_pattern(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    if text.count("*") > 1:
        raise ValueError('expected one "*" at most')
    return text


def _database_url(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    scheme, mark, rest = text.partition("://")
    if scheme not in {"sqlite", "postgres", "postgresql"} or not mark or not _has_a_port(text):
        raise ValueError("expected sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME")
    if scheme == "sqlite" and (not rest.startswith("/") or not rest.strip("/")):
        raise ValueError("expected a file: sqlite:///relative/path or sqlite:////absolute/path")
    return SecretStr(f"postgresql://{rest}") if scheme == "postgres" else secret


def _has_a_port(url: str) -> bool:
    """Whether what stands behind the host is a port, or nothing."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _network(text: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text if isinstance(text, str) else "")
    except ValueError:
        raise ValueError(
            "expected an address or a network, such as 10.1.2.3, 10.0.0.0/8 or 2001:db8::/32"
        ) from None


#: Upper bounds of a histogram's buckets.
Buckets = Annotated[tuple[Seconds, ...], AfterValidator(_ascending)]
#: Fields of metadata, with or without `metadata.` before them.
MetadataFields = Annotated[tuple[str, ...], AfterValidator(_metadata_fields)]
#: A span as LiteLLM spells those of budgets: `30s`, `12h`, `90d`.
CalendarSpan = Annotated[str, AfterValidator(_calendar_span)]
#: `module.function`.
FunctionName = Annotated[str, AfterValidator(_function_name)]
ExactPath = Annotated[str, AfterValidator(_exact_path)]
Origin = Annotated[str, AfterValidator(_origin)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
#: A path, or `llm_api_routes`.
KeyRoute = Annotated[str, AfterValidator(_key_route)]
#: A public model's name; a `*` in it stands for any text.
ModelPattern = Annotated[str, AfterValidator(_model_pattern)]
#: Where keys are kept; hidden, since it may have a password.
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
IpNetwork = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
