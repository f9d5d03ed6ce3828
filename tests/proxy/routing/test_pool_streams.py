"""Streams in the pool: tried again before their first chunk, judged by their end."""

from __future__ import annotations

import asyncio

import pytest

from adapters.errors import UpstreamError
from proxy.routing.cooldown import CooldownPolicy
from tests.proxy.routing.groups import (
    ASK,
    TOKEN,
    Clock,
    broken,
    member,
    model,
    new_call,
    pool,
    script,
)


async def test_a_stream_is_retried_before_its_first_chunk_only() -> None:
    """A stream that breaks at once is asked of a sibling; one that broke later is not."""
    early = script(streams=[[broken()], [TOKEN, broken()]])
    good = script()
    group = model(pool(member("a", early, order=0), member("b", good, order=1)))
    call = new_call(stream=True)
    stream = await group.stream(call, ASK)
    assert [batch async for batch in stream]
    await stream.aclose()
    assert (call.deployment, call.retries) == ("b", 1)

    stream = await group.stream(new_call(stream=True), ASK)
    with pytest.raises(UpstreamError):
        [batch async for batch in stream]
    await stream.aclose()
    assert len(good.opened) == 1


async def test_a_stream_that_breaks_later_counts() -> None:
    """It is a failure of the deployment, though its first chunk was good."""
    clock = Clock()
    bad = member(
        "a",
        script(streams=[[TOKEN, broken()]]),
        clock,
        cooldown=CooldownPolicy(allowed_fails=0),
    )
    group = model(pool(bad, member("b", clock=clock), strategy=lambda members: members[0]))
    stream = await group.stream(new_call(stream=True), ASK)
    assert not bad.live.health.resting
    with pytest.raises(UpstreamError):
        [batch async for batch in stream]
    await stream.aclose()
    assert bad.live.health.resting
    assert bad.live.in_flight == 0


async def test_leaving_during_a_pause_leaves_nothing_behind() -> None:
    """Between two tries nothing is under way, and the call is reported as gone."""
    reported: list[object] = []
    pausing = asyncio.Event()

    async def pause(seconds: float) -> None:
        pausing.set()
        await asyncio.sleep(seconds + 60)

    only = member("a", script(broken()))
    group = model(pool(only, sleep=pause), report=lambda call: reported.append(call.outcome))
    task = asyncio.ensure_future(group.call(new_call(), ASK))
    await pausing.wait()
    assert only.live.in_flight == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert only.live.in_flight == 0
    assert reported == ["gone"]
