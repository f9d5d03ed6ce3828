"""Series, bound for counting: `prometheus_client` asks at each count what is true of all of ours.

Their numbers are where it has them, so that its page and its files show them; only the way there is
our own. Knows its insides, and refuses to know what is counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from prometheus_client import Counter, Histogram

from proxy.telemetry.metrics.values import Cell

#: Counts one in some counters.
Count = Callable[[], None]
#: Observes an amount in a histogram.
Observe = Callable[[float], None]


def cell_of(counter: Counter) -> Cell:
    """Give where the number of a counter lies that has its labels, or needs none."""
    inside: Any = counter
    cell: Cell = inside._value.cell  # noqa: SLF001 - there is no other way past its checks
    return cell


def counting(*counters: Counter) -> Count:
    """Give what counts one in each of some counters that have their labels, or need none."""
    cells = [cell_of(each) for each in counters]

    def count() -> None:
        for numbers, at in cells:
            numbers[at] += 1.0

    return count


def observing(histogram: Histogram) -> Observe:
    """Give what observes in a histogram that has its labels, or needs none."""
    inside: Any = histogram
    sums, at = inside._sum.cell  # noqa: SLF001 - the same
    buckets = [each.cell for each in inside._buckets]  # noqa: SLF001 - the same
    bounds = inside._upper_bounds  # noqa: SLF001 - the same

    def observe(amount: float) -> None:
        sums[at] += amount
        counts, bucket = buckets[bisect_left(bounds, amount)]
        counts[bucket] += 1.0

    return observe
