"""Outgoing proxies: which one, if any, is between the gateway and a host.

Knows the environment's variables as AWS's SDKs read them, and the forms of `NO_PROXY`. Refuses to
know how a connection is made. A proxy's password is in no text that this module gives.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from adapters.errors import ConfigError
from adapters.value import value

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK_NAME: Final = "localhost"
_BETWEEN: Final = re.compile(r"[,\s]+")


@value(frozen=True, slots=True)
class Proxy:
    """A proxy that speaks HTTP."""

    #: Without user name and password.
    url: str
    #: What `Proxy-Authorization` says to it; empty where it asks for nobody's name.
    authorization: str = field(default="", repr=False)


class _Exception(NamedTuple):
    """Hosts that are reached directly: a name and what is below it, or a range of addresses."""

    name: str = ""
    port: int | None = None
    network: _Network | None = None

    def covers(self, host: str, port: int | None) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is None:
            return host == self.name or host.endswith(f".{self.name}")
        address = _address(host)
        return address is not None and address in self.network


@value(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies of a process, and the hosts that are reached without one."""

    https: Proxy | None = None
    http: Proxy | None = None
    exceptions: tuple[_Exception, ...] = ()
    #: `NO_PROXY=*`.
    none_at_all: bool = False

    @property
    def any(self) -> bool:
        """Whether any host may have a proxy in between."""
        return (self.https is not None or self.http is not None) and not self.none_at_all

    def between(self, scheme: str, host: str, port: int | None) -> Proxy | None:
        """Give the proxy for a host; None where it is reached directly, as loopback always is."""
        proxy = self.https if scheme == "https" else self.http
        host = host.lower().rstrip(".")
        if proxy is None or self.none_at_all or _is_loopback(host):
            return None
        return None if any(each.covers(host, port) for each in self.exceptions) else proxy


def read_proxies(environ: Mapping[str, str]) -> Proxies:
    """Read `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; the small letters' ones go before.

    Raises:
        ConfigError: a proxy is not one that speaks HTTP.
    """
    hosts = [word for word in _BETWEEN.split(_value(environ, "no_proxy")[1]) if word]
    return Proxies(
        https=_proxy(*_value(environ, "https_proxy")),
        http=_proxy(*_value(environ, "http_proxy")),
        exceptions=tuple(_exception(word) for word in hosts),
        none_at_all="*" in hosts,
    )


def _value(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Give the variable that counts, and its text; an empty one switches the other one off."""
    found = next((each for each in (name, name.upper()) if each in environ), name)
    return found, environ.get(found, "").strip()


def _proxy(name: str, text: str) -> Proxy | None:
    if not text:
        return None
    refusal = ConfigError(f"{name}: expected a proxy such as http://proxy.example:3128")
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refusal from None  # the cause may repeat the password
    if parts.scheme != "http" or not host or port == 0:
        raise refusal
    host = f"[{host}]" if ":" in host else host
    return Proxy(f"http://{host}:{port or 80}", _basic(parts.username, parts.password))


def _basic(user: str | None, password: str | None) -> str:
    if not user:
        return ""
    login = f"{unquote(user)}:{unquote(password or '')}"
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def _exception(word: str) -> _Exception:
    try:
        return _Exception(network=ipaddress.ip_network(word.strip("[]"), strict=False))
    except ValueError:
        name, colon, port = word.lower().rpartition(":")
        if not colon or not port.isdigit():
            name, port = word.lower(), ""
    name = name.removeprefix("*").strip(".")
    address = _address(name.strip("[]"))
    return _Exception(
        name=name,
        port=int(port) if port else None,
        network=None if address is None else ipaddress.ip_network(address),
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    if address is None:
        return host == _LOOPBACK_NAME or host.endswith(f".{_LOOPBACK_NAME}")
    return address.is_loopback
