"""The little arithmetic that figures need: percentiles, medians, ratios of pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple


class Spread(NamedTuple):
    """A median, and the middle half around it."""

    median: float
    low: float
    high: float


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least this share of all values does not exceed.

    Args:
        values: At least one, in any order.
        share: Above 0, up to 1.
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def spread(values: Sequence[float]) -> Spread:
    """Give the spread of some values, at least one."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def paired(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Give the spread of the ratios of pairs that were measured side by side."""
    return spread([value / other for value, other in zip(values, base, strict=True)])


__all__ = ["Spread", "median", "paired", "percentile", "spread"]
