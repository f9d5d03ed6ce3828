"""A series, bound for counting: `prometheus_client` asks at each count what is true of all of ours.

Its numbers are where it has them, so that its page and its files show them; only the way there is
our own. Knows its insides, and refuses to know what is counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from prometheus_client import Counter, Histogram

#: Adds an amount to a counter, or observes it in a histogram.
Add = Callable[[float], None]


def adding(series: Counter | Histogram) -> Add:
    """Give what counts in a series that has its labels, or needs none."""
    inside: Any = series
    if isinstance(series, Counter):
        add: Add = inside._value.inc  # noqa: SLF001 - there is no other way past its checks
        return add
    total, buckets = inside._sum.inc, inside._buckets  # noqa: SLF001 - the same
    bounds = inside._upper_bounds  # noqa: SLF001 - the same

    def observe(amount: float) -> None:
        total(amount)
        buckets[bisect_left(bounds, amount)].inc(1.0)

    return observe
