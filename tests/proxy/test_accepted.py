"""Who is still taken while the listeners close."""

from __future__ import annotations

import resource
import socket

from structlog.testing import capture_logs

from proxy import server


def waiting() -> tuple[socket.socket, socket.socket]:
    """Give a listener, and a client that nobody has accepted."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, socket.create_connection(listener.getsockname())


def test_whoever_has_connected_is_taken() -> None:
    """The close of the listener would reset a connection that the kernel holds for it."""
    listener, client = waiting()
    with listener, client:
        (taken,) = server._accepted(listener)  # noqa: SLF001 - it needs a listener, no server
        with taken:
            assert taken.getpeername() == client.getsockname()


def test_without_files_the_rest_is_left() -> None:
    """No room for another open file does not keep a gateway from draining what it serves."""
    listener, client = waiting()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with listener, client, capture_logs() as logs:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
        try:
            assert list(server._accepted(listener)) == []  # noqa: SLF001 - as above
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [(each["event"], each["reason"]) for each in logs] == [
        ("drain.not_accepted", "Too many open files")
    ]
