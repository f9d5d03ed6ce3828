"""One answer, as its reader sees it: the seam's `Response` over an inbox.

Knows the reader's time limits and when the connection is to go. Refuses to know HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final, Literal, NoReturn

from adapters.base import Limits
from adapters.parts import NOW
from adapters.sagemaker.direct.connection import Connection
from adapters.sagemaker.direct.inbox import Inbox
from adapters.sagemaker.direct.watch import Watch
from adapters.sagemaker.transport import (
    MAX_BODY_BYTES,
    broken,
    larger_than,
    time_over,
    too_large,
)


class DirectResponse:
    """An answer whose headers are there; an `adapters.sagemaker.transport.Response`.

    Args:
        connection: Brings the rest, or has brought all of it already.
        inbox: What has come.
        limits: `idle` bounds the wait for the next bytes.
        ends_at: The loop's time at which `deadline` is over; None for never.
    """

    def __init__(
        self, connection: Connection, inbox: Inbox, limits: Limits, ends_at: float | None
    ) -> None:
        self.status: Final = inbox.status
        self.headers: Final[Mapping[str, str]] = inbox.headers
        self._connection = connection
        self._inbox = inbox
        self._limits = limits
        self._ends_at = ends_at
        inbox.late = False  # its head was there in time
        self._loop = asyncio.get_running_loop()
        self._watch: Watch | None = None
        #: Bytes of the body that were read.
        self._size = 0

    @property
    def whole(self) -> None:
        """Nothing: the body is to be read as it comes."""

    def __del__(self) -> None:
        """Let the connection go when nobody can read the rest any more.

        That is the loop's to do: this may be another thread, or a forked child, where nothing of
        the parent's may be touched and the loop never runs.
        """
        if not self._inbox.ended and self._inbox.failure is None:
            with suppress(RuntimeError):  # the loop is closed, and the connection with it
                self._loop.call_soon_threadsafe(self._connection.leave, self._inbox)

    def take(self) -> bytes | None:
        """Give what has arrived, or None where nothing has; empty at the end."""
        inbox = self._inbox
        if self._ends_at is not None:
            self._check_deadline(self._ends_at)
        if inbox.parts:
            return self._take()
        if inbox.ended or inbox.failure:
            return self._end()
        if inbox.late:
            self._give_up("idle")
        return None

    def more(self) -> Awaitable[None]:
        """Wait until something has come, or will come no more, or has not come in time."""
        inbox = self._inbox
        if inbox.parts or inbox.ended or inbox.failure:
            return NOW
        until = self._loop.time() + self._limits.idle
        if self._ends_at is not None and self._ends_at < until:
            until = self._ends_at
        watch = self._watch
        if watch is None:
            watch = self._watch = Watch(self._loop, inbox)
        watch.until = until
        if watch.timer is None:
            watch.start()
        return inbox.change()

    async def read_some(self) -> bytes:
        """Give what has arrived, waiting for the first byte of it; empty at the end."""
        try:
            while (data := self.take()) is None:
                await self.more()
        except BaseException:
            self.close()
            raise
        return data

    async def read_all(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """Give the whole body."""
        inbox = self._inbox
        if inbox.ended and len(inbox.parts) == 1 and inbox.size <= limit and not self._size:
            return self._take()
        body: list[bytes] = []
        while part := await self.read_some():
            if self._size > limit:
                self.close()
                raise too_large()
            body.append(part)
        return body[0] if len(body) == 1 else b"".join(body)

    def close(self) -> None:
        """Close the connection, unless all has come; may be called again."""
        if self._watch is not None:
            self._watch.stop()
        self._connection.leave(self._inbox)

    def _take(self) -> bytes:
        """Take what has come; the rest may come then."""
        inbox, most = self._inbox, self._limits.most_bytes
        self._size += inbox.size
        # An error's own body is bounded by whoever reads it.
        if most is not None and self._size > most and self.status < HTTPStatus.BAD_REQUEST:
            self.close()
            raise larger_than(most)
        parts = inbox.take()
        if self._connection.holds_reading:
            self._connection.read_on(inbox)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _end(self) -> bytes:
        """Give the end, or raise what came in its place."""
        if self._watch is not None:
            self._watch.stop()
        if not self._inbox.ended and self._inbox.failure is not None:
            raise broken(self._inbox.failure) from self._inbox.failure
        return b""

    def _check_deadline(self, ends_at: float) -> None:
        """Look at the clock: a slow reader finds something to read each time and never waits."""
        if self._loop.time() >= ends_at:
            self._give_up("deadline")

    def _give_up(self, limit: Literal["deadline", "idle"]) -> NoReturn:
        """Say which of the times is over."""
        self.close()
        raise time_over(self._limits, limit)
