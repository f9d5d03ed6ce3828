"""A container: it works on so many requests at once, lets a few wait, and throttles the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.simulation.timeline import Timeline


@dataclass(slots=True)
class Deployment:
    """One deployment.

    Args:
        timeline: Its time.
        slots: Requests that it works on at once.
        queue: Requests that wait in it.
    """

    timeline: Timeline
    slots: int
    queue: int
    #: It throttles everything.
    broken: bool = False
    busy: int = 0
    #: Calls that it has throttled.
    throttled: int = 0
    _waiting: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)

    @property
    def load(self) -> int:
        """All requests that are there now."""
        return self.busy + len(self._waiting)

    def take(self, seconds: float, done: Callable[[], None]) -> bool:
        """Take a request that needs so many seconds of work; tell whether it was taken."""
        if self.broken or (self.busy >= self.slots and len(self._waiting) >= self.queue):
            self.throttled += 1
            return False
        if self.busy < self.slots:
            self._begin(seconds, done)
        else:
            self._waiting.append((seconds, done))
        return True

    def _begin(self, seconds: float, done: Callable[[], None]) -> None:
        self.busy += 1
        self.timeline.after(seconds, lambda: self._end(done))

    def _end(self, done: Callable[[], None]) -> None:
        self.busy -= 1
        done()
        if self._waiting:
            self._begin(*self._waiting.popleft())
