"""Which of the deployments that could answer does.

A strategy is a function: candidates in, one of them out. It looks at what they have under way and
behind them, and never waits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from proxy.routing.member import Member

Strategy = Callable[[Sequence[Member]], Member]

#: Deployments within this share of the fastest count as equally fast.
_LATENCY_SLACK: Final = 1.1


def simple_shuffle(candidates: Sequence[Member]) -> Member:
    """Choose by chance, in proportion to the weights where there are any."""
    weights = [member.weight for member in candidates]
    if sum(weights) <= 0:
        return random.choice(candidates)  # noqa: S311 - spreads load, guards nothing
    return random.choices(candidates, weights)[0]  # noqa: S311 - the same


def least_busy(candidates: Sequence[Member]) -> Member:
    """Choose the one with the fewest calls under way."""
    return _lowest(candidates, lambda member: member.live.in_flight)


def latency_based(candidates: Sequence[Member]) -> Member:
    """Choose among the fastest; one that nobody knows yet is tried first."""
    fastest = min(member.live.latency for member in candidates)
    near = [member for member in candidates if member.live.latency <= fastest * _LATENCY_SLACK]
    return least_busy(near)


def usage_based(candidates: Sequence[Member]) -> Member:
    """Choose the one with the fewest tokens in the current minute."""
    return _lowest(candidates, lambda member: member.live.tokens_this_minute)


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
