"""A request's time: one end for everything that is done for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from adapters.errors import DeadlineExceeded
from adapters.value import value


@value(frozen=True, slots=True)
class Deadline:
    """When a request must have its answer, or its first chunk.

    Args:
        seconds: All the time that there is.
        ends_at: On the clock.
        clock: Seconds.
    """

    seconds: float
    ends_at: float
    clock: Callable[[], float] = time.monotonic

    @property
    def left(self) -> float:
        """Seconds that are left; never negative."""
        return max(self.ends_at - self.clock(), 0.0)

    def later(self, seconds: float) -> Deadline:
        """Give the deadline with time added that was not the request's own."""
        return replace(self, ends_at=self.ends_at + seconds)

    def exceeded(self) -> DeadlineExceeded:
        """Give the error for a request that took too long."""
        return DeadlineExceeded.after(self.seconds)
