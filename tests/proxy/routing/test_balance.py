"""Which deployment of a group is chosen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from adapters.errors import UpstreamError
from proxy.routing.balance import (
    STRATEGIES,
    Strategy,
    latency_based,
    least_busy,
    simple_shuffle,
    usage_based,
)
from proxy.routing.member import Member
from tests.proxy.routing.groups import ASK, Clock, member, model, new_call, pool, script


def counted(strategy: Strategy, members: Sequence[Member], times: int = 2000) -> Counter[str]:
    return Counter(strategy(members).endpoint.id for _ in range(times))


def test_shuffling_is_even_without_weights() -> None:
    """Each is chosen about as often."""
    counts = counted(simple_shuffle, [member(name) for name in "abcd"])
    assert all(380 < count < 620 for count in counts.values())


def test_shuffling_obeys_weights() -> None:
    """In proportion; a weight of 0 beside others is never chosen."""
    members = [member("a", weight=9), member("b", weight=1), member("c", weight=0)]
    counts = counted(simple_shuffle, members)
    assert 1650 < counts["a"] < 1950
    assert counts["c"] == 0
    assert set(counted(simple_shuffle, members[2:])) == {"c"}


def test_the_least_busy_is_chosen() -> None:
    """By calls under way; equals by chance."""
    members = [member(name) for name in "abc"]
    members[0].live.in_flight = 2
    assert set(counted(least_busy, members)) == {"b", "c"}


def test_the_fastest_is_chosen() -> None:
    """Those within a tenth of the fastest count as equal, and the least busy of them wins."""
    members = [member(name) for name in "abc"]
    for each, seconds in zip(members, (1.0, 1.09, 2.0), strict=True):
        each.live.answered(seconds)
    assert set(counted(latency_based, members)) == {"a", "b"}
    members[0].live.in_flight = 1
    assert set(counted(latency_based, members)) == {"b"}


def test_a_deployment_that_nobody_knows_is_tried_by_one_call() -> None:
    """Not by all that come until it has answered."""
    known, new = member("known"), member("new")
    known.live.answered(0.1)
    assert set(counted(latency_based, [known, new])) == {"new"}
    new.live.in_flight = 1
    assert set(counted(latency_based, [known, new])) == {"known"}


def test_a_deployment_that_fails_is_not_taken_for_a_new_one() -> None:
    """It never answers, so its latency stays unknown: that must not make it everybody's first."""
    known, dead = member("known"), member("dead")
    known.live.answered(0.1)
    dead.live.health.failed(UpstreamError("x"), dead.cooldown, alone=False)
    assert set(counted(latency_based, [known, dead])) == {"known"}


def test_where_nobody_is_known_the_load_is_spread() -> None:
    """At the start calls go to whoever has the fewest."""
    members = [member(name) for name in "ab"]
    for each in members:
        each.live.in_flight = 1
    assert set(counted(latency_based, members)) == {"a", "b"}


def test_who_was_slow_gets_another_chance() -> None:
    """After five minutes without a call nothing is known of it any more."""
    clock = Clock()
    slow, fast = member("slow", clock=clock), member("fast", clock=clock)
    slow.live.answered(30)
    fast.live.answered(1)
    assert set(counted(latency_based, [slow, fast])) == {"fast"}
    clock.now += 299
    fast.live.answered(1)
    clock.now += 2
    assert set(counted(latency_based, [slow, fast])) == {"slow"}


def test_the_fewest_tokens_win() -> None:
    """Those of this minute, and what the calls under way are likely to use."""
    clock = Clock(1200)
    a, b = member("a", clock=clock), member("b", clock=clock)
    a.live.used(100)
    b.live.used(150)
    assert set(counted(usage_based, [a, b])) == {"a"}
    a.live.in_flight = 1
    assert set(counted(usage_based, [a, b])) == {"b"}
    clock.now += 60
    assert set(counted(usage_based, [a, b])) == {"b"}
    a.live.in_flight = 0
    assert set(counted(usage_based, [a, b])) == {"a", "b"}


@pytest.mark.parametrize("name", sorted(STRATEGIES))
async def test_a_burst_is_spread(name: str) -> None:
    """Many at once, of whom nobody has an answer yet, never all go to one deployment."""
    members = [member(each, script(None)) for each in "abcd"]
    group = model(pool(*members, strategy=STRATEGIES[name]))
    tasks = [asyncio.ensure_future(group.call(new_call(), ASK)) for _ in range(100)]
    await asyncio.sleep(0)
    counts = [each.live.in_flight for each in members]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(counts) == 100
    assert min(counts) >= 5
