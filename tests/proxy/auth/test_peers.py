"""Addresses of clients: who is believed about them, and who may call (B6)."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from adapters.errors import PermissionDenied
from proxy.auth.peers import Network, Peers

PROXIES = (ip_network("10.0.0.0/24"), ip_network("fd00::/8"))


def scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    others = [(b"x-real-ip", b"192.0.2.9"), (b"forwarded", b"for=192.0.2.9")]
    return {"client": None if peer is None else (peer, 1), "headers": [*headers, *others]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["1.1.1.1, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["1.1.1.1, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["1.1.1.1", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1:4711"], "192.0.2.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("fd00::1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, unknown"], "unknown"),
        ("10.0.0.1", [""], ""),
        ("10.0.1.1", ["192.0.2.1"], "10.0.1.1"),
        ("192.0.2.7", ["10.0.0.1"], "192.0.2.7"),
        (None, ["192.0.2.1"], ""),
    ],
)
def test_b06_who_is_believed(peer: str | None, forwarded: list[str], client: str) -> None:
    """Only a trusted proxy's word counts, and only its own: never what a client wrote (B6)."""
    assert Peers(trusted=PROXIES).client(scope(peer, *forwarded)) == client


def test_b06_without_proxies_nobody_is_believed() -> None:
    """The default: the address is the connection's (B6)."""
    assert Peers().client(scope("10.0.0.1", "192.0.2.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("client", "admitted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.7", True),
        ("2001:db8::5", True),
        ("192.0.2.8", False),
        ("2001:db9::5", False),
        ("unknown", False),
        ("", False),
        ("10.1.2.3, 192.0.2.8", False),
        ("010.1.2.3", False),
    ],
)
def test_allowed_addresses(client: str, admitted: bool) -> None:
    """Listed networks may call; everybody else, and whoever can't be placed, may not."""
    networks: tuple[Network, ...] = tuple(
        map(ip_network, ("10.0.0.0/8", "192.0.2.7", "2001:db8::/32"))
    )
    peers = Peers(networks)
    if admitted:
        peers.admit(client)
    else:
        with pytest.raises(PermissionDenied) as caught:
            peers.admit(client)
        assert caught.value.code == "address_not_allowed"
    Peers().admit(client)
