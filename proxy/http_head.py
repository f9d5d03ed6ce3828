"""The rules for a request's head that the parser does not have: what proxies could read otherwise.

A request that two servers understand differently is how one client's bytes become another's
request, so whatever is doubtful is refused. Knows heads only; refuses to know connections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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


class Head:
    """A request's head, as the parser has read it.

    Args:
        method: In upper case.
        target: As it came.
        version: Such as "1.1".
        headers: All of them, names in lower case.
        upgrades: Whether the parser takes what follows for another protocol.

    Attributes:
        said: The first value of each header.
    """

    __slots__ = ("headers", "method", "said", "target", "upgrades", "version")

    def __init__(
        self, method: bytes, target: bytes, version: str, headers: list[Header], *, upgrades: bool
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.upgrades = upgrades
        self.said = first_values(headers)

    @property
    def expects_100(self) -> bool:
        """Whether the client sends its body only once it hears that somebody wants it."""
        return b"expect" in self.said and self.said[b"expect"].lower() == b"100-continue"

    @property
    def size(self) -> int:
        """Bytes of the target and the headers."""
        return len(self.target) + sum(len(name) + len(value) for name, value in self.headers)


def first_values(headers: Sequence[Header]) -> dict[bytes, bytes]:
    """Give the first value of each header."""
    return dict(headers[::-1])


def check_head(head: Head, known_host: bytes | None = None) -> None:
    """Check a head.

    Args:
        head: Any that the parser takes.
        known_host: A host that is known to be one.

    Raises:
        BadHead: its target is no path but a URL, which could name another host than the Host
            header; it is not HTTP/1, has no clear host, or a body whose end is not clear.
    """
    if head.method == b"CONNECT":
        raise BadHead(MethodNotAllowed("This server is no proxy: CONNECT is not taken."))
    if head.target[:1] != b"/" and head.target != b"*":
        raise refused("The request's target must be a path.")
    if head.version not in _VERSIONS:
        raise refused("This server speaks HTTP/1.1.", status=505)
    said = head.said
    host = said.get(b"host")
    if host is None or host != known_host:
        _check_host(head.version, host)
    if len(said) < len(head.headers):
        _check_repeated([name for name, _ in head.headers])
    if b"transfer-encoding" in said:
        _check_encoding(head.version, said[b"transfer-encoding"])
    if head.upgrades and _has_body(said):
        raise refused("A request with a body can't ask for another protocol.")


def _check_host(version: str, host: bytes | None) -> None:
    if host is None and version == "1.0":
        return
    if host is None or not _HOST.fullmatch(host):
        raise _no_host()


def _check_repeated(names: Sequence[bytes]) -> None:
    if names.count(b"host") > 1:
        raise _no_host()
    if names.count(b"transfer-encoding") > 1:
        raise _no_encoding()


def _check_encoding(version: str, value: bytes) -> None:
    if version == "1.0" or value.strip().lower() != b"chunked":
        raise _no_encoding()


def _has_body(said: Mapping[bytes, bytes]) -> bool:
    return b"transfer-encoding" in said or said.get(b"content-length", b"0") != b"0"


def _no_host() -> BadHead:
    return refused("The request needs one Host header, with a host and perhaps a port.")


def _no_encoding() -> BadHead:
    return refused("The only Transfer-Encoding is 'chunked', in HTTP/1.1.")
