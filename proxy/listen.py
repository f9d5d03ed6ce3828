"""Binds the gateway's sockets before anything else starts, so that a taken port is one clear line.

Knows sockets only.
"""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack

from proxy.cannot_start import CannotStart

#: Connections that wait while all are busy; the kernel's own limit may be lower.
_BACKLOG = 2048


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind and listen on every address of a host.

    Args:
        host: An address or a name.
        port: 0 lets the system choose one, the same for all addresses.

    Raises:
        CannotStart: the name is unknown, or the port is taken or not allowed.
    """
    with ExitStack() as undo:
        sockets: list[socket.socket] = []
        for family, address in _addresses(host):
            wanted = sockets[0].getsockname()[1] if sockets else port
            sockets.append(undo.enter_context(_listen(family, address, wanted)))
        undo.pop_all()
    return sockets


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CannotStart(f"the host {host} is not known") from error
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise CannotStart(_reason(error, address, port)) from error
    bound.set_inheritable(True)
    return bound


def _reason(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {address} is taken: choose another with --port, or --port 0"
    if error.errno == errno.EACCES:
        return f"port {port} on {address} needs more rights: choose one above 1023 with --port"
    return f"can't listen on {address} port {port}: {error.strerror}"


def address_of(bound: socket.socket, scheme: str) -> str:
    """Give the URL of a listening socket."""
    host, port = bound.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
