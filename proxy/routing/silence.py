"""Whether a deployment has fallen silent: its calls wait for much longer than such calls do.

Silence is a suspicion and no verdict: a long prompt takes its time. Whoever is silent is spared
further calls until it says something, and is given one now and then. Knows times of one kind of
call; refuses to know deployments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median_high
from typing import Final

#: How often as long as usual a call must wait, and for how many seconds at least.
_MUCH_LONGER: Final = 2.0
_LEAST: Final = 0.05
#: The weight of the latest answer in the running mean.
_FRESHNESS: Final = 0.2


@dataclass(slots=True)
class Silence:
    """The calls of one kind, whole answers or streams, that one deployment has yet to answer.

    Args:
        clock: Seconds, such as `time.monotonic`.
    """

    clock: Callable[[], float]
    #: Calls whose first byte is not there.
    waiting: int = 0
    #: A running mean of the seconds until a first byte; 0 until there was one.
    usual: float = 0.0
    #: When a call began that still waits, or that nobody has answered, and no other was since.
    since: float | None = field(default=None, repr=False)
    _last_call: float = field(default=0.0, repr=False)

    def begin(self) -> None:
        """Note that a call begins."""
        self._last_call = self.clock()
        self.waiting += 1
        if self.since is None:
            self.since = self._last_call

    def end(self, *, asked: bool = True) -> None:
        """Note that a call waits no longer, and has waited in vain.

        Args:
            asked: Whether it went to the deployment at all.
        """
        self.waiting -= 1
        if not asked and not self.waiting:
            self.since = None

    def answered(self, seconds: float) -> None:
        """Note that a call's first byte came, after so many seconds: it waits no longer."""
        self.usual += _FRESHNESS * (seconds - self.usual) if self.usual else seconds
        self.waiting -= 1
        self.since = self.clock() if self.waiting else None

    def heard(self) -> None:
        """Note that the deployment said something; those who still wait do so from now on."""
        self.since = self.clock() if self.waiting else None

    def lasts(self, others: Iterable[Silence], pace: float) -> bool:
        """Tell whether calls should go elsewhere: it is silent, and is being tried already.

        Args:
            others: The same kind of calls of all deployments of the group.
            pace: Seconds after the latest call, when another one may try it.
        """
        if self.since is None:
            return False
        now = self.clock()
        silent = now - self.since
        if silent <= _LEAST or not (self.waiting or now < self._last_call + pace):
            return False
        return silent > self._bearable(others)

    def _bearable(self, others: Iterable[Silence]) -> float:
        """Give the seconds that are no reason to worry; for ever, where nobody has answered yet."""
        known = [each.usual for each in others if each.usual]
        return _MUCH_LONGER * max(self.usual, median_high(known)) if known else math.inf
