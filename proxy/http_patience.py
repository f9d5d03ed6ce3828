"""How long a connection's client may take to say what it has begun to say, or anything at all.

Knows times; refuses to know what is said, and what is done about who is too slow.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from proxy.http_bounds import Bounds
from proxy.timer import Timer


class Awaiting(Protocol):
    """Who waits for the client."""

    def is_held_up(self) -> bool:
        """Whether it is not the client who makes us wait."""
        ...

    def useful_bytes(self) -> int:
        """Give how many bytes of a body have come that somebody reads."""
        ...

    def on_late(self, what: str) -> None:
        """Do what is to be done when something has not come in time."""
        ...


class Patience:
    """Waits for what a client is to send, and tells when it is late.

    What arrives in one piece starts no timer.

    Args:
        loop: Whose time counts.
        bounds: How long things may take.
        awaiting: Is told.
    """

    __slots__ = ("_awaited", "_awaiting", "_bounds", "_loop", "_since", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, bounds: Bounds, awaiting: Awaiting) -> None:
        self._loop = loop
        self._bounds = bounds
        self._awaiting = awaiting
        #: What is awaited, and of which request.
        self._awaited: tuple[str, int] | None = None
        self._since = 0.0
        self._timer = Timer(loop)

    def wait_for(self, what: str, request: int) -> None:
        """Begin to wait for something of a request's, unless that is under way."""
        awaited = (what, request)
        if awaited == self._awaited:
            return
        self._awaited = awaited
        self._since = self._loop.time()
        self._timer.start(self._left(what), self._look)

    def rest(self) -> None:
        """Wait for nothing."""
        if self._awaited is not None:
            self._awaited = None
            self._timer.stop()

    def close(self) -> None:
        """Wait for nothing any more, and let go of whom it would tell."""
        self.rest()
        del self._awaiting

    def _left(self, what: str) -> float:
        """Give the seconds that what is awaited may still take."""
        bounds, taken = self._bounds, self._loop.time() - self._since
        if what == "body":
            return bounds.body_seconds(self._awaiting.useful_bytes()) - taken
        return bounds.headers - taken

    def _look(self) -> None:
        assert self._awaited is not None  # noqa: S101 - it stops with what is awaited
        what, _ = self._awaited
        if self._awaiting.is_held_up():
            self._since = self._loop.time()
        left = self._left(what)
        if left > 0:
            self._timer.start(left, self._look)
        else:
            self._awaiting.on_late(what)
