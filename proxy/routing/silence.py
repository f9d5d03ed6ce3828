"""Whether a deployment has fallen silent: its calls wait for much longer than such calls do.

Silence is a suspicion and no verdict: a long prompt takes its time. Whoever is silent is spared
further calls until it says something, and is given one now and then. Knows times of one kind of
call; refuses to know deployments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
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

    def lasts(self, usual: Usual, pace: float) -> bool:
        """Tell whether calls should go elsewhere: it is silent, and is being tried already.

        Args:
            usual: What is usual for such calls in the whole group.
            pace: Seconds after the latest call, when another one may try it.
        """
        if self.since is None:
            return False
        now = self.clock()
        silent = now - self.since
        if silent <= _LEAST or not (self.waiting or now < self._last_call + pace):
            return False
        return silent > _MUCH_LONGER * max(self.usual, usual.seconds)


class Usual:
    """What is usual for calls of one kind in a group; found out once, and only if need be.

    Args:
        group: Such calls of all of its deployments.
    """

    def __init__(self, group: Iterable[Silence]) -> None:
        self._group = group

    @cached_property
    def seconds(self) -> float:
        """Seconds until a first byte, the median; for ever, where nobody has answered yet."""
        known = sorted(each.usual for each in self._group if each.usual)
        return known[len(known) // 2] if known else math.inf
