"""One timer: something that is done once, after a while, unless it is stopped before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """Calls something once, after a while, unless it is stopped before.

    Args:
        loop: Whose time counts.
    """

    __slots__ = ("_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, then: Callable[[], object]) -> None:
        """Begin anew."""
        self.stop()
        self._handle = self._loop.call_later(seconds, then)

    def stop(self) -> None:
        """Forget it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
