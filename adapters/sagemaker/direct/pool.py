"""The connections to one origin: which one serves next, how many there may be, and who waits.

The one used last serves first, so that those that are not needed grow old. Who waits is served in
order. Refuses to know requests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final, NamedTuple

from adapters.sagemaker.direct.connection import Connection
from adapters.sagemaker.direct.origin import Origin
from adapters.sagemaker.transport import KEEP_ALIVE

#: Seconds. No connection serves longer than this: names lead elsewhere in the course of time.
MAX_AGE: Final = 300.0


#: The most that is read at once.
_READ_BYTES: Final = 128 * 1024


class Ages(NamedTuple):
    """How old connections may become, in seconds."""

    #: Waiting for a request.
    idle: float = KEEP_ALIVE
    #: In all; one that serves comes to its end first.
    most: float = MAX_AGE


_AGES: Final = Ages()


class Pool:
    """Connections to one origin; a `connection.Owner`.

    Args:
        origin: Makes them.
        limit: The most at a time; 0 sets none.
        ages: After which connections are closed.
    """

    def __init__(self, origin: Origin, limit: int = 0, ages: Ages = _AGES) -> None:
        self._origin = origin
        self._limit = limit
        self._ages = ages
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        #: Places taken: connections, those being made, and those promised to who waits.
        self._taken = 0
        #: A connection, or None for a place where one may be made.
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._closed: asyncio.Future[None] | None = None

    @property
    def name(self) -> str:
        """The origin's, for the log."""
        return self._origin.name

    def take(self) -> Connection | None:
        """Give a connection that has served before; None where there is none."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.usable_until > self._loop.time():
                return connection
            connection.abort()
        return None

    async def make(self) -> Connection:
        """Give a new connection; or, where there may be no more, the next one that is freed.

        Raises:
            OSError: it could not be made.
        """
        while self._limit and self._taken >= self._limit:
            self._drop_idle()
            connection = await self._turn()
            if connection is None:
                break
            if connection.is_open:
                return connection
        else:
            self._taken += 1
        return await self._made()

    async def aclose(self) -> None:
        """Close every connection, and wait for them to be gone."""
        if self._closed is None:
            self._closed = self._loop.create_future()
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(_closed())
        for connection in tuple(self._open):
            connection.abort()
        if self._open:
            await self._closed

    def freed(self, connection: Connection) -> None:
        """Give a connection that has served to who waits; or keep it for a while."""
        now = self._loop.time()
        ends_at = connection.made_at + self._ages.most
        if ends_at <= now:
            connection.abort()
            return
        waiter = self._next_waiter() if self._waiting else None
        if waiter is not None:
            waiter.set_result(connection)
            return
        connection.usable_until = min(now + self._ages.idle, ends_at)
        self._idle.append(connection)
        if self._sweep_timer is None:
            self._sweep_timer = self._loop.call_later(self._ages.idle, self._sweep)

    def lost(self, connection: Connection) -> None:
        """Give a lost connection's place to who waits."""
        if connection not in self._open:
            return  # it was never handed out: whoever makes it gives its place back
        self._open.discard(connection)
        with suppress(ValueError):
            self._idle.remove(connection)
        self._give_place_back()
        if self._closed is not None and not self._open and not self._closed.done():
            self._closed.set_result(None)

    async def _made(self) -> Connection:
        try:
            self._check_not_closed()
            connection = await self._origin.connect(
                lambda: Connection(self._loop, self, self._buffer)
            )
            if self._closed is not None:
                connection.abort()
            self._check_not_closed()
        except BaseException:
            self._give_place_back()
            raise
        if connection.is_open:
            self._open.add(connection)
        else:
            self._give_place_back()
        return connection

    def _check_not_closed(self) -> None:
        if self._closed is not None:
            raise _closed()

    async def _turn(self) -> Connection | None:
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._pass_on(waiter)
            else:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
            raise

    def _pass_on(self, waiter: asyncio.Future[Connection | None]) -> None:
        """Give what was handed to somebody who has left in the same moment to the next one."""
        if waiter.exception() is not None:
            return
        connection = waiter.result()
        if connection is None:
            self._give_place_back()
        elif connection.is_open:
            self.freed(connection)

    def _give_place_back(self) -> None:
        waiter = self._next_waiter()
        if waiter is None:
            self._taken -= 1
        else:
            waiter.set_result(None)

    def _next_waiter(self) -> asyncio.Future[Connection | None] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _drop_idle(self) -> None:
        """Make room for a new connection where an idle one was not wanted."""
        if self._idle:
            self._idle.pop(0).abort()

    def _sweep(self) -> None:
        """Close what has not been used for long."""
        self._sweep_timer = None
        now = self._loop.time()
        kept = []
        for connection in self._idle:
            if connection.usable_until > now:
                kept.append(connection)
            else:
                connection.abort()
        self._idle = kept
        if kept:
            self._sweep_timer = self._loop.call_later(self._ages.idle / 2, self._sweep)


def _closed() -> ConnectionError:
    return ConnectionAbortedError("closed by the gateway")
