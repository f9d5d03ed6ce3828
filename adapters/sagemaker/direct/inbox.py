"""What has come of one answer and is not read yet: between a connection and a reader.

Knows the order of things and who waits. Refuses to know HTTP and sockets.
"""

from __future__ import annotations

import asyncio


class Inbox:
    """One answer as it arrives; the connection fills it, one reader empties it.

    Whatever came in front of a failure stays to be read. Who fills it wakes the reader, once for
    all that came together.
    """

    __slots__ = (
        "_loop",
        "_waiter",
        "ended",
        "failure",
        "headers",
        "late",
        "parts",
        "size",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        #: 0 until the head is there.
        self.status = 0
        #: Names are in lower case; the first one counts.
        self.headers: dict[str, str] = {}
        #: What has come of the body, and is not read yet.
        self.parts: list[bytes] = []
        #: Bytes in `parts`.
        self.size = 0
        #: The whole answer has come.
        self.ended = False
        #: The time for what is waited for is over: the head, or what comes next.
        self.late = False
        #: Why no more will come.
        self.failure: Exception | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the reader waits."""
        return self._waiter is not None and not self._waiter.done()

    def fail(self, error: Exception) -> None:
        """Take note that no more will come."""
        self.failure = error
        self.wake()

    def wake(self) -> None:
        """Let the reader look again."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def expire(self) -> None:
        """Take note that the time for what is waited for is over."""
        self.late = True
        self.wake()

    def change(self) -> asyncio.Future[None]:
        """Give what is done with anything that is new; its one reader waits for it."""
        self._waiter = self._loop.create_future()
        return self._waiter

    def take(self) -> list[bytes]:
        """Empty it: what has come has come in time."""
        parts, self.parts, self.size = self.parts, [], 0
        self.late = False
        return parts
