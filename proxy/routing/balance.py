"""Which of the deployments that could answer does.

A strategy is a function: candidates in, one of them out. It looks at what they have under way and
behind them, and never waits.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from proxy.routing.member import Member

Strategy = Callable[[Sequence[Member]], Member]

#: Deployments within this share of the fastest count as equally fast.
_SLACK: Final = 1.1


def simple_shuffle(candidates: Sequence[Member]) -> Member:
    """Choose by chance, in proportion to the weights where there are any."""
    weights = [member.weight for member in candidates]
    if not any(weights):
        return random.choice(candidates)  # noqa: S311 - spreads load, guards nothing
    return random.choices(candidates, weights)[0]  # noqa: S311 - the same


def least_busy(candidates: Sequence[Member]) -> Member:
    """Choose the one with the fewest calls under way."""
    return _lowest(candidates, lambda member: member.live.in_flight)


def latency_based(candidates: Sequence[Member]) -> Member:
    """Choose the least busy of the fastest; one that nobody knows is tried first, by one call."""
    expected = [(_expected_seconds(member), member) for member in candidates]
    fastest = min(seconds for seconds, _ in expected)
    return least_busy([member for seconds, member in expected if seconds <= fastest * _SLACK])


def usage_based(candidates: Sequence[Member]) -> Member:
    """Choose the one with the fewest tokens in the current minute; calls under way will have some.

    While nobody knows how many, the one with the fewest calls under way.
    """
    each = max(member.live.tokens_each for member in candidates) or 1.0
    return _lowest(
        candidates,
        lambda member: member.live.tokens_this_minute + each * member.live.in_flight,
    )


def _expected_seconds(member: Member) -> float:
    """Give the seconds until a first byte; for ever, where the first call is still to tell."""
    live = member.live
    if live.latency or (live.health.well and not live.in_flight):
        return live.latency
    return math.inf


def _lowest(candidates: Sequence[Member], measure: Callable[[Member], float]) -> Member:
    """Choose by chance among those with the lowest measure."""
    measured = [(measure(member), member) for member in candidates]
    least = min(value for value, _ in measured)
    return random.choice(  # noqa: S311 - spreads load, guards nothing
        [member for value, member in measured if value == least]
    )


STRATEGIES: Final[Mapping[str, Strategy]] = {
    "simple-shuffle": simple_shuffle,
    "least-busy": least_busy,
    "latency-based-routing": latency_based,
    "usage-based-routing-v2": usage_based,
}
