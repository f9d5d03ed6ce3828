"""One deadline for all tries, each deployment's own times, and who is to blame for being late."""

from __future__ import annotations

import asyncio

import pytest

from adapters.errors import DeadlineExceeded, Throttled
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.retries import RetryPolicy
from proxy.routing.times import Times
from proxy.routing.wishes import Wishes
from tests.proxy.routing.groups import (
    ASK,
    Clock,
    Pauses,
    broken,
    member,
    model,
    new_call,
    pool,
    script,
)


async def test_the_deadline_holds_for_all_tries() -> None:
    """No pause is begun that would end after it: the last failure is answered instead."""
    only = script(*(broken(Throttled, retry_after=30) for _ in range(3)))
    pauses = Pauses()
    timed = member("a", only, times=Times(total=20))
    with pytest.raises(Throttled):
        await model(pool(timed, pauses=pauses)).call(new_call(), ASK)
    assert pauses.seconds == []


@pytest.mark.parametrize("stream", [False, True])
async def test_time_that_is_over_is_not_tried_again(stream: bool) -> None:
    """All the request's time is gone then, whoever could still answer."""
    hanging = script(None, streams=[[None]])
    times = Times(total=0.05)
    group = model(pool(*(member(name, hanging, times=times) for name in "ab")))
    with pytest.raises(DeadlineExceeded, match=r"within 0\.05 s") as caught:
        await (group.stream if stream else group.call)(new_call(stream=stream), ASK)
    assert len(hanging.calls) == 1
    assert caught.value.should_retry is False


async def test_a_first_byte_of_its_own_time_leaves_time_for_others() -> None:
    """`first_byte_timeout` of a deployment that hangs is not the end of the request."""
    hanging = script(None, streams=[[None]])
    group = model(
        pool(
            member("a", hanging, order=0, times=Times(first_byte=0.05)),
            member("b", order=1),
        )
    )
    call = new_call(stream=True)
    stream = await group.stream(call, ASK)
    assert call.deployment == "b"
    await stream.aclose()


async def test_a_deployment_with_less_time_has_no_more() -> None:
    """A member's own `timeout` bounds its tries also where another's began the request."""
    hanging = script(None)
    group = model(
        pool(
            member("a", script(broken()), order=0, times=Times(total=60)),
            member("b", hanging, order=1, times=Times(total=0.05)),
            member("c", order=2, times=Times(total=60)),
        )
    )
    call = new_call()
    await group.call(call, ASK)
    assert call.deployment == "c"


@pytest.mark.parametrize("wishes", [Wishes(seconds=0.05), Wishes(stream_seconds=0.05)])
async def test_a_clients_hurry_is_no_failure_of_the_deployment(wishes: Wishes) -> None:
    """Whoever gives it too little time can't make it rest, before and after the first chunk."""
    clock = Clock()
    policy = CooldownPolicy(allowed_fails=0)
    scripts = [script(None, streams=[[None]]) for _ in range(2)]
    members = [member(f"d{i}", each, clock, cooldown=policy) for i, each in enumerate(scripts)]
    rules = RetryPolicy(retries=0)
    group = model(pool(*members, retries=rules))
    with pytest.raises(DeadlineExceeded):
        await group.stream(new_call(stream=True, wishes=wishes), ASK)
    assert all(each.live.health.well for each in members)


async def test_a_wish_for_as_much_as_there_is_excuses_nothing() -> None:
    """A client that asks for the configured time judges as well as one that asks for nothing."""
    clock = Clock()
    times = Times(total=0.05)
    hanging = member("a", script(None), clock, times=times)
    group = model(pool(hanging, retries=RetryPolicy(retries=0)))
    with pytest.raises(DeadlineExceeded):
        await group.call(new_call(wishes=Wishes(seconds=50)), ASK)
    assert not hanging.live.health.well


async def test_leftover_time_is_no_measure_of_a_sibling() -> None:
    """Who got what earlier tries had left is not blamed for being late."""
    clock = Clock()
    late = member("late", script(None), clock, order=1, times=Times(total=0.3))

    async def pause(seconds: float) -> None:
        del seconds
        await asyncio.sleep(0.1)

    bad = member("bad", script(broken()), clock, order=0, times=Times(total=0.3))
    with pytest.raises(DeadlineExceeded):
        await model(pool(bad, late, sleep=pause)).call(new_call(), ASK)
    assert late.live.health.well
    assert not bad.live.health.well
