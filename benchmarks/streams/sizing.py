"""From what one stream costs to how many processes a number of streams needs.

Arithmetic on measured costs; refuses to measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.streams.measure import Cost
from benchmarks.table import markdown

_MEGA: Final = 1e6
#: Files of a process beside its streams': sockets to listen on, to Redis, to the database, logs.
_OTHER_FILES: Final = 100
_HEADER: Final = (
    *("streams at once", "begun/s", "events/s", "cores used", "processes"),
    *("streams each", "MB each", "files each", "GB in all"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How streams are used.

    Args:
        tokens: Of one stream in a second; each is an event of its own.
        seconds: That one lasts.
        share: Of a core that a process uses in the busiest hour.
    """

    tokens: float = 20.0
    seconds: float = 30.0
    share: float = 0.6


@dataclass(frozen=True, slots=True)
class Need:
    """What so many streams at once need."""

    streams: int
    cost: Cost
    use: Use

    @property
    def cores(self) -> float:
        """Processor seconds in a second."""
        each = self.use.tokens * self.cost.event + self.cost.opening / self.use.seconds
        return self.streams * each

    @property
    def processes(self) -> int:
        """Processes that have room for the rest of what happens."""
        return math.ceil(self.cores / self.use.share)

    @property
    def streams_each(self) -> int:
        """Of one process."""
        return math.ceil(self.streams / self.processes)

    @property
    def memory_each(self) -> float:
        """Bytes of one process."""
        return self.cost.idle + self.streams_each * self.cost.memory_each

    @property
    def files_each(self) -> int:
        """Open files of one process: two sockets for each stream, and others."""
        return 2 * self.streams_each + _OTHER_FILES

    def line(self) -> list[str]:
        """Give it as a line of the table."""
        use = self.use
        rates = [f"{self.streams / use.seconds:.0f}", f"{self.streams * use.tokens:.0f}"]
        each = [f"{self.streams_each}", f"{self.memory_each / _MEGA:.0f}", f"{self.files_each}"]
        whole = self.processes * self.memory_each / (1000 * _MEGA)
        counts = [f"{self.cores:.1f}", f"{self.processes}", *each]
        return [str(self.streams), *rates, *counts, f"{whole:.1f}"]


def table(cost: Cost, use: Use, counts: Sequence[int] = (1000, 10_000, 100_000)) -> str:
    """Give what these numbers of streams need, as a table of Markdown."""
    return markdown(_HEADER, [Need(count, cost, use).line() for count in counts])
