"""A time by which something has to have happened, on a connection that serves many requests.

Knows the loop's clock. Refuses to know what is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """One timer for times that mostly come later and later: it is set anew when it has run out.

    Args:
        loop: The running one.
        ring: Called when the latest time that was set is over, unless `stop` came first.
    """

    __slots__ = ("_looks_at", "_loop", "_ring", "_timer", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._looks_at = 0.0
        self._until = 0.0

    def set(self, until: float) -> None:
        """Ring then, by the loop's time, and not at the time that was set before."""
        self._until = until
        if self._timer is None or until < self._looks_at:
            self._look_at(until)

    def stop(self) -> None:
        """Never ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at(self, at: float) -> None:
        self.stop()
        self._looks_at = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._until:
            self._look_at(self._until)
        else:
            self._ring()
