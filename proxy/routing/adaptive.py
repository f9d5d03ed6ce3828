"""How many calls a deployment takes, learnt from its refusals.

Additive increase, multiplicative decrease: the rule of TCP and of Netflix's `AIMDLimit`. Envoy's
and Netflix's gradients go by latency, which says little here: how long an answer takes depends on
the number of its tokens more than on the load.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from adapters.errors import UpstreamError

#: What is left of the calls under way after a refusal.
_DECREASE: Final = 0.7
#: Seconds after which a refusal is no longer news: capacity may have been added since.
_MEMORY: Final = 60.0
#: By how much it may grow in a second of that time: by one, or by this share of it. Where calls are
#: short every round of them would else end with a refusal.
_MOST_GROWTH: Final = 0.05

_REFUSALS: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def is_refusal(error: Exception) -> bool:
    """Tell whether AWS, or the container, says that there are too many calls for it."""
    return isinstance(error, UpstreamError) and error.status in _REFUSALS


class AdaptiveLimit:
    """A limit for calls under way: none until the first refusal, then at least 1.

    Args:
        clock: Seconds, such as `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limit = math.inf
        self._refused_at = -math.inf
        #: What it may grow by now, and when that was counted.
        self._growth = 0.0
        self._counted_at = -math.inf
        #: Counts decreases. Calls that began before the last one say nothing new when refused:
        #: one burst is one refusal.
        self.era = 0

    def at_most(self, most: float) -> float:
        """Give the limit, where the configuration allows so many."""
        return max(1, math.floor(self._limit)) if self._limit < most else most

    def refused(self, era: int, under_way: int) -> None:
        """Note that a call was refused.

        Args:
            era: What `era` was when it began.
            under_way: Calls at the time, this one included.
        """
        if era != self.era:
            return
        self.era += 1
        self._refused_at = self._counted_at = self._clock()
        self._growth = 0.0
        self._limit = max(1.0, min(self._limit, under_way) * _DECREASE)

    def succeeded(self, under_way: int, most: float) -> None:
        """Note a call that was not refused: about one more is allowed for each round of calls.

        But little more in a second, until a minute after the last refusal; then one more for each
        call. What is not used does not grow.

        Args:
            under_way: Calls at the time, this one included.
            most: The configuration's limit.
        """
        if under_way * 2 < self._limit or math.isinf(self._limit):
            return
        self._limit += self._step()
        if self._limit >= most:
            self._limit = math.inf

    def _step(self) -> float:
        now = self._clock()
        if now - self._refused_at >= _MEMORY:
            return 1.0
        a_second = max(1.0, self._limit * _MOST_GROWTH)
        self._growth = min(self._growth + (now - self._counted_at) * a_second, a_second)
        self._counted_at = now
        step = min(1 / self._limit, self._growth)
        self._growth -= step
        return step
