"""A request's time: one end for everything that is done for it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from adapters.errors import DeadlineExceeded


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a request must have its answer, or its first chunk.

    Args:
        seconds: All the time that there is.
        ends_at: On `time.monotonic`'s clock.
    """

    seconds: float
    ends_at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Give the deadline so many seconds from now."""
        return cls(seconds, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that are left; never negative."""
        return max(self.ends_at - time.monotonic(), 0.0)

    def exceeded(self) -> DeadlineExceeded:
        """Give the error for a request that took too long."""
        return DeadlineExceeded.after(self.seconds)
