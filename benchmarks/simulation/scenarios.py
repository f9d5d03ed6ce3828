"""The questions, each as one run from a seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from benchmarks.simulation.deployment import Deployment
from benchmarks.simulation.replica import NEWS, Measure, Replica, by_chance
from benchmarks.simulation.timeline import Timeline
from benchmarks.simulation.traffic import MEAN, Traffic

#: Seconds before anything is kept.
_WARM: Final = 20.0
_MINUTE: Final = 60.0
#: A cold endpoint: when it is up, the pace of probes, and how long a refusal takes.
_STARTS_IN, _PACE, _REFUSAL = 300.0, 5.0, 0.1
_SPREAD: Final = (0.1, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything there is.

    Args:
        replicas: Gateways.
        deployments: Behind them.
        slots: Requests that each deployment works on at once; as many may wait there.
        seconds: What is simulated.
        seed: Of all chance.
    """

    replicas: int = 100
    deployments: int = 20
    slots: int = 16
    seconds: float = 120.0
    seed: int = 1

    @property
    def capacity(self) -> float:
        """Requests a second that all deployments can do."""
        return self.deployments * self.slots / MEAN


@dataclass(frozen=True, slots=True)
class Served:
    """How requests fared: seconds, the share that was refused, and calls that were throttled."""

    p50: float
    p99: float
    refused: float
    throttled: int


def routed(size: Size, measure: Measure, load: float) -> Served:
    """Have a fleet choose by a measure, at a share of what the deployments can do."""
    return _served(size, measure, load, broken=0, shared=False)


def broken(size: Size, load: float, *, shared: bool) -> Served:
    """Have one deployment throttle everything; replicas tell each other, or do not."""
    return _served(size, by_chance, load, broken=1, shared=shared)


def _served(size: Size, measure: Measure, load: float, *, broken: int, shared: bool) -> Served:
    timeline, chance = Timeline(), random.Random(size.seed)  # noqa: S311 - a simulation
    deployments = [
        Deployment(timeline, size.slots, size.slots, broken=number < broken)
        for number in range(size.deployments)
    ]
    replicas = [Replica(timeline, deployments, measure, chance) for _ in range(size.replicas)]
    if shared:
        for each in replicas:
            each.others = replicas
    rate = load * (size.deployments - broken) * size.slots / MEAN
    traffic = Traffic(timeline, replicas, rate, chance, _WARM)
    traffic.begin()
    timeline.run(_WARM)
    before = sum(each.throttled for each in deployments)
    timeline.run(_WARM + size.seconds)
    throttled = sum(each.throttled for each in deployments) - before
    percentile = traffic.percentile
    return Served(percentile(0.5), percentile(0.99), traffic.refused_share, throttled)


def probes(size: Size, *, shared: bool) -> int:
    """Count the calls that a cold endpoint gets until it is up, with waiters at every replica."""
    timeline, chance = Timeline(), random.Random(size.seed)  # noqa: S311 - a simulation
    asks_at = [chance.uniform(0, _PACE) for _ in range(size.replicas)]
    calls = 0

    def hear(number: int, seconds: float) -> None:
        asks_at[number] = timeline.now + seconds
        timeline.after(seconds, partial(look, number))

    def tell(speaker: int, seconds: float) -> None:
        for number in range(size.replicas):
            if shared and number != speaker:
                longer = seconds * (1 + chance.uniform(*_SPREAD))
                timeline.after(NEWS, partial(hear, number, longer))

    def look(number: int) -> None:
        nonlocal calls
        if timeline.now + 1e-9 < asks_at[number] or timeline.now > _STARTS_IN:
            return
        calls += 1
        asks_at[number] = timeline.now + _REFUSAL + _PACE
        tell(number, _PACE)
        timeline.after(_REFUSAL + _PACE, partial(look, number))

    for number, at in enumerate(asks_at):
        timeline.after(at, partial(look, number))
    timeline.run(_STARTS_IN)
    return calls


#: Counted for all in one place; a part for each replica; or each counts the whole for itself.
Counting = Literal["together", "in parts", "each for itself"]


@dataclass(frozen=True, slots=True)
class Let:
    """What a limit let through."""

    #: Of what it is.
    through: float
    #: Of all requests, those that it refused and an exact one would have let through.
    wrongly_refused: float


def limited(size: Size, limit: int, load: float, counting: Counting, skew: float) -> Let:
    """Have a limit of requests a minute kept.

    Args:
        size: How many replicas, and for how long.
        limit: Requests a minute, of all replicas together.
        load: Requests that come, as a share of the limit.
        counting: Who counts what.
        skew: How unevenly requests are spread (of the logarithm of each replica's share).
    """
    chance = random.Random(size.seed)  # noqa: S311 - a simulation
    weights = [chance.lognormvariate(0, skew) for _ in range(size.replicas)]
    own = {"together": limit, "in parts": limit / size.replicas, "each for itself": limit}[counting]
    windows = [deque[float]() for _ in range(1 if counting == "together" else size.replicas)]
    exact, now, ends = deque[float](), 0.0, _MINUTE + size.seconds
    asked = passed = wrongly = 0
    arrivals: Sequence[int] = range(size.replicas)
    while (now := now + chance.expovariate(load * limit / _MINUTE)) < ends:
        window = windows[chance.choices(arrivals, weights)[0] % len(windows)]
        lets, would = _lets(window, own, now), _lets(exact, limit, now)
        if now >= _MINUTE:
            asked, passed = asked + 1, passed + lets
            wrongly += would and not lets
    return Let(passed / (limit * size.seconds / _MINUTE), wrongly / max(asked, 1))


def _lets(window: deque[float], limit: float, now: float) -> bool:
    while window and window[0] <= now - _MINUTE:
        window.popleft()
    if len(window) + 1 > limit:
        return False
    window.append(now)
    return True
