"""A host's addresses, asked for once a few seconds, however many connections are wanted.

Knows the system's resolver. Refuses to know which address is taken.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final

#: Seconds. Far below AWS's own time to live of its hosts' addresses, which is a minute.
_KEPT: Final = 10.0

AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


class Addresses:
    """The addresses of one host and port, as the system has them at most ten seconds ago.

    Args:
        host: A name or an address.
        port: Put into each.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._asked_at = 0.0
        self._answer: asyncio.Task[list[AddressInfo]] | None = None
        self._first = 0

    async def current(self) -> list[AddressInfo]:
        """Give all of them, another one first each time.

        Raises:
            OSError: the name is not known, or nobody could be asked.
        """
        found = await asyncio.shield(self._asked())
        self._first = (self._first + 1) % len(found)
        return found[self._first :] + found[: self._first]

    def _asked(self) -> asyncio.Task[list[AddressInfo]]:
        loop = asyncio.get_running_loop()
        answer = self._answer
        if answer is None or (answer.done() and loop.time() - self._asked_at > _KEPT):
            self._asked_at = loop.time()
            answer = self._answer = loop.create_task(self._ask(loop))
            answer.add_done_callback(self._forget_failure)
        return answer

    async def _ask(self, loop: asyncio.AbstractEventLoop) -> list[AddressInfo]:
        found = await loop.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
        return list(found)

    def _forget_failure(self, answer: asyncio.Task[list[AddressInfo]]) -> None:
        """Ask anew next time; nobody may be waiting any more to see the failure."""
        if answer.cancelled() or answer.exception() is not None:
            self._answer = None
