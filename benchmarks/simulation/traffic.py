"""Requests as they come: at random, to replicas at random, some short and a few long."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

from benchmarks.simulation.replica import Replica
from benchmarks.simulation.timeline import Timeline

#: Seconds that a request keeps a slot on average, and how much that varies (of its logarithm).
MEAN: Final = 2.0
_SIGMA: Final = 0.8
_MU: Final = math.log(MEAN) - _SIGMA**2 / 2


class Traffic:
    """Requests for a fleet.

    Args:
        timeline: Its time.
        replicas: Each gets as many, by chance.
        rate: Requests a second.
        chance: What is left to it.
        since: From when on times are kept.
    """

    def __init__(
        self,
        timeline: Timeline,
        replicas: Sequence[Replica],
        rate: float,
        chance: random.Random,
        since: float,
    ) -> None:
        #: Seconds of those that were answered.
        self.seconds: list[float] = []
        self.refused = 0
        self._timeline = timeline
        self._replicas = replicas
        self._rate = rate
        self._chance = chance
        self._since = since

    def begin(self) -> None:
        """Let the first one come."""
        self._timeline.after(self._chance.expovariate(self._rate), self._arrive)

    def percentile(self, share: float) -> float:
        """Give the seconds within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    @property
    def refused_share(self) -> float:
        """What share of the requests was refused."""
        return self.refused / max(self.refused + len(self.seconds), 1)

    def _arrive(self) -> None:
        self.begin()
        work = self._chance.lognormvariate(_MU, _SIGMA)
        keep = self._timeline.now >= self._since

        def ended(seconds: float | None) -> None:
            if keep and seconds is None:
                self.refused += 1
            elif keep and seconds is not None:
                self.seconds.append(seconds)

        self._chance.choice(self._replicas).ask(work, ended)
