"""Binding the sockets."""

from __future__ import annotations

import os
import socket
from contextlib import closing

import pytest

from proxy.cannot_start import CannotStart
from proxy.listen import address_of, listen


def test_port_zero_gets_a_free_port() -> None:
    """Port 0 binds a real port, and the socket accepts at once."""
    (bound,) = listen("127.0.0.1", 0)
    with closing(bound):
        port = bound.getsockname()[1]
        assert port > 0
        assert address_of(bound, "http") == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_every_address_of_a_name_gets_the_same_port() -> None:
    """`localhost` is bound on each of its addresses, with one port, so that any client arrives."""
    bound = listen("localhost", 0)
    try:
        assert len({each.getsockname()[1] for each in bound}) == 1
    finally:
        for each in bound:
            each.close()


def test_a_taken_port_is_a_clear_error() -> None:
    """H7: a taken port says which, and what to do."""
    (bound,) = listen("127.0.0.1", 0)
    port = bound.getsockname()[1]
    with closing(bound), pytest.raises(CannotStart) as caught:
        listen("127.0.0.1", port)
    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is taken: choose another with --port, or --port 0"
    )


@pytest.mark.parametrize("host", ["no such host", "a" * 70 + ".invalid"])
def test_an_unknown_host_is_a_clear_error(host: str) -> None:
    """A name that is no host is told as such."""
    with pytest.raises(CannotStart, match="is not known"):
        listen(host, 0)


def test_an_address_of_another_machine_is_a_clear_error() -> None:
    """An address that this machine does not have is told with the system's reason."""
    with pytest.raises(CannotStart, match=r"can't listen on 192\.0\.2\.1 port 0: Cannot assign"):
        listen("192.0.2.1", 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may bind any port")
def test_a_privileged_port_is_a_clear_error() -> None:
    """A port that needs more rights says so."""
    with pytest.raises(CannotStart, match=r"port 1 on 127\.0\.0\.1 needs more rights"):
        listen("127.0.0.1", 1)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_ipv6_addresses_stand_in_brackets() -> None:
    """The printed URL of an IPv6 address can be used as it is."""
    (bound,) = listen("::1", 0)
    with closing(bound):
        assert address_of(bound, "https") == f"https://[::1]:{bound.getsockname()[1]}"
