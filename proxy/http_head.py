"""The rules for a request's head that the parser does not have: what proxies could read otherwise.

A request that two servers understand differently is how one client's bytes become another's
request, so whatever is doubtful is refused. Knows heads only; refuses to know connections.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from adapters.errors import GatewayError, InvalidRequest, MethodNotAllowed

_VERSIONS: Final = frozenset({"1.0", "1.1"})
#: A name or an IPv4 address, or an IPv6 address in brackets; then perhaps a port (RFC 9110, 7.2).
_HOST: Final = re.compile(rb"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")

Header = tuple[bytes, bytes]


class BadHead(Exception):
    """A head that is refused, with the answer for it."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__(error.message)
        self.error = error


def refused(message: str, *, status: int = 400) -> BadHead:
    """Give the refusal of what is no HTTP that this server takes."""
    return BadHead(InvalidRequest(message, code="invalid_http", status=status))


def check_target(method: bytes, target: bytes) -> None:
    """Check a request's target: a path, never a URL that names another host than the Host header.

    Raises:
        BadHead: it is none.
    """
    if method == b"CONNECT":
        raise BadHead(MethodNotAllowed("This server is no proxy: CONNECT is not taken."))
    if not target.startswith(b"/") and target != b"*":
        raise refused("The request's target must be a path.")


def check_head(version: str, headers: Sequence[Header], *, upgrades: bool) -> None:
    """Check the rest of a head.

    Args:
        version: Such as "1.1".
        headers: All of them, names in lower case.
        upgrades: Whether the parser will take what follows for another protocol.

    Raises:
        BadHead: it is not HTTP/1, has no clear host, or a body whose end is not clear.
    """
    if version not in _VERSIONS:
        raise refused("This server speaks HTTP/1.1.", status=505)
    _check_host(version, [value for name, value in headers if name == b"host"])
    for name, value in headers:
        if name == b"transfer-encoding":
            _check_encoding(version, value)
            _check_upgrade(upgrades=upgrades)
        elif name == b"content-length" and value != b"0":
            _check_upgrade(upgrades=upgrades)


def _check_host(version: str, hosts: Sequence[bytes]) -> None:
    if not hosts and version == "1.0":
        return
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise refused("The request needs one Host header, with a host and perhaps a port.")


def _check_encoding(version: str, value: bytes) -> None:
    if version == "1.0" or value.strip().lower() != b"chunked":
        raise refused("The only Transfer-Encoding is 'chunked', in HTTP/1.1.")


def _check_upgrade(*, upgrades: bool) -> None:
    if upgrades:
        raise refused("A request with a body can't ask for another protocol.")
