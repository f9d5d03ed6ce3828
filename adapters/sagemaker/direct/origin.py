"""The way to one origin: its addresses, a socket, TLS.

Knows how a connection is made. Refuses to know how many there are, and what they are for.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final, TypeVar

from aiohappyeyeballs import start_connection

from adapters.sagemaker.direct.addresses import Addresses

#: Seconds between two addresses that are tried side by side (RFC 8305).
_NEXT_ADDRESS: Final = 0.25

_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


class Origin:
    """One host and port, with TLS or without.

    Args:
        host: A name or an address; certificates must have it.
        port: Where it listens.
        tls: None for a plain connection.
    """

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._host = host
        self._tls = tls
        self._addresses = Addresses(host, port)
        #: For the log.
        self.name = f"{host}:{port}"

    async def connect(self, make: Callable[[], _Protocol]) -> _Protocol:
        """Make a connection for a protocol.

        Raises:
            OSError: there is none; `ssl.SSLError` where it was not accepted.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await self._addresses.current()
            sock = await start_connection(found, happy_eyeballs_delay=_NEXT_ADDRESS, loop=loop)
        except (RuntimeError, UnicodeError) as error:  # uvloop's word for some; no name at all
            raise ConnectionError(str(error)) from error
        # Answers may take minutes of silence, which network address translators forget sooner.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        host = self._host if self._tls is not None else None
        _, protocol = await loop.create_connection(
            make, sock=sock, ssl=self._tls, server_hostname=host
        )
        return protocol
