"""A gateway replica: chooses a deployment by what it knows itself, tries again, lets them rest."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from benchmarks.simulation.deployment import Deployment
from benchmarks.simulation.timeline import Timeline

#: Further tries, as the gateway's default.
RETRIES: Final = 2
REST: Final = 5.0
#: Seconds until a throttled answer is there, and until other replicas hear of it.
ROUND_TRIP: Final = 0.03
NEWS: Final = 0.005
#: By what share whoever hears rests longer.
_SPREAD: Final = (0.1, 0.5)

#: Gives each deployment's number as a replica sees it, for the choice of the lowest.
Measure = Callable[["Replica", int], float]


def by_chance(replica: Replica, number: int) -> float:
    """`simple-shuffle`: all are alike."""
    del replica, number
    return 0.0


def own_calls(replica: Replica, number: int) -> float:
    """`least-busy`: the calls that this replica has under way there."""
    return replica.under_way[number]


def all_calls(replica: Replica, number: int) -> float:
    """What no gateway knows: everybody's calls there. The bound of what knowledge could give."""
    return replica.deployments[number].load


class Replica:
    """One of many.

    Args:
        timeline: Its time.
        deployments: Those that all replicas stand in front of.
        measure: What it chooses by.
        chance: Where it is left to chance.
    """

    def __init__(
        self,
        timeline: Timeline,
        deployments: Sequence[Deployment],
        measure: Measure,
        chance: random.Random,
    ) -> None:
        self.deployments = deployments
        self.under_way = [0] * len(deployments)
        #: Who hears of rests; nobody: each finds out for itself.
        self.others: Sequence[Replica] = ()
        self._timeline = timeline
        self._measure = measure
        self._chance = chance
        self._rests_until = [0.0] * len(deployments)

    def ask(self, work: float, ended: Callable[[float | None], None]) -> None:
        """Serve a request; `ended` gets its seconds, or None where it was refused in the end."""
        self._try(work, ended, self._timeline.now, frozenset())

    def rest(self, number: int, seconds: float) -> None:
        """Leave a deployment alone; the next request after that tries it."""
        until = self._timeline.now + seconds
        self._rests_until[number] = max(self._rests_until[number], until)

    def _try(
        self,
        work: float,
        ended: Callable[[float | None], None],
        began: float,
        tried: frozenset[int],
    ) -> None:
        ready = [number for number in range(len(self.deployments)) if self._may_ask(number)]
        fresh = [number for number in ready if number not in tried] or ready
        if not fresh or len(tried) > RETRIES:
            ended(None)
            return
        measured = [(self._measure(self, number), number) for number in fresh]
        least = min(measured)[0]
        number = self._chance.choice([each for value, each in measured if value == least])
        self.under_way[number] += 1

        def done() -> None:
            self.under_way[number] -= 1
            ended(self._timeline.now - began)

        if not self.deployments[number].take(work, done):
            self.under_way[number] -= 1
            self._found_out(number)
            later = tried | {number}
            self._timeline.after(ROUND_TRIP, lambda: self._try(work, ended, began, later))

    def _may_ask(self, number: int) -> bool:
        return self._timeline.now >= self._rests_until[number]

    def _found_out(self, number: int) -> None:
        self.rest(number, REST)
        for each in self.others:
            if each is not self:
                longer = REST * (1 + self._chance.uniform(*_SPREAD))
                self._timeline.after(NEWS, partial(each.rest, number, longer))
