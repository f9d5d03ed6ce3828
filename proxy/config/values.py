"""The checked value types of the server's own settings.

Each refuses with words that never repeat the value: it may be a secret.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from adapters.deployment.values import Seconds

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


def _origin(text: str) -> str:
    if text != "*" and not _ORIGIN.fullmatch(text):
        raise ValueError('expected "*" or an origin such as https://chat.example.com')
    return text


def _header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text):
        raise ValueError("expected the name of an HTTP header, such as X-Gateway-Key")
    return text


def _network(text: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text if isinstance(text, str) else "")
    except ValueError:
        raise ValueError(
            "expected an address or a network, such as 10.1.2.3, 10.0.0.0/8 or 2001:db8::/32"
        ) from None


#: Upper bounds of a histogram's buckets.
Buckets = Annotated[tuple[Seconds, ...], AfterValidator(_ascending)]
ExactPath = Annotated[str, AfterValidator(_exact_path)]
Origin = Annotated[str, AfterValidator(_origin)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
IpNetwork = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
