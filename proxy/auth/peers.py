"""Where a request comes from: the client's address, also behind proxies, and whether it may call.

Knows addresses. A header that names an address is believed only where a trusted proxy wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.types import Scope

from adapters.errors import PermissionDenied

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_FORWARDED_FOR: Final = b"x-forwarded-for"
#: Addresses whose judgement is kept.
_REMEMBERED: Final = 4096


class Peers:
    """Tells clients' addresses, and lets in those that may call.

    Args:
        allowed: The networks that may call; None: all.
        trusted: The networks of proxies whose X-Forwarded-For is believed.
    """

    def __init__(
        self, allowed: Sequence[Network] | None = None, trusted: Sequence[Network] = ()
    ) -> None:
        self._allowed = None if allowed is None else tuple(allowed)
        self._trusted = tuple(trusted)
        self._may_call = lru_cache(_REMEMBERED)(self._is_allowed)
        self._is_proxy = lru_cache(_REMEMBERED)(self._is_trusted)

    def client(self, scope: Scope) -> str:
        """Give the client's address: the peer's, or what the trusted proxies before it saw.

        Proxies append to X-Forwarded-For, so it is read from its end, up to the first address that
        is no trusted proxy's; what stands before that is the client's own text.
        """
        peer: str = (scope.get("client") or ("",))[0]
        if not self._trusted or not self._is_proxy(peer):
            return peer
        for said in reversed(_forwarded(scope)):
            peer = said
            if not self._is_proxy(said):
                break
        return peer

    def admit(self, client: str) -> None:
        """Let a client in, by its address.

        Raises:
            PermissionDenied: it may not call from there.
        """
        if self._allowed is not None and not self._may_call(client):
            raise PermissionDenied(
                "Requests from this address are not allowed.", code="address_not_allowed"
            )

    def _is_allowed(self, text: str) -> bool:
        return _is_in(text, self._allowed or ())

    def _is_trusted(self, text: str) -> bool:
        return _is_in(text, self._trusted)


def _forwarded(scope: Scope) -> list[str]:
    """Give the addresses of all X-Forwarded-For headers, in order, ports left out."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED_FOR]
    return [_without_port(part.strip()) for value in values for part in value.split(",")]


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any((mapped or address) in network for network in networks)
