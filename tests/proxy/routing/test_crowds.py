"""What a group of deployments does when it gets more than it takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.errors import DeadlineExceeded, Overloaded, Throttled
from proxy.routing.model import PublicModel
from proxy.routing.permits import AdmissionPolicy, Place
from tests.proxy.routing.crowded import ASK, HeldInvoker, call, member, model


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def asked(served: PublicModel, caller: str = "me", **more: Any) -> asyncio.Task[Any]:
    """Ask, and go on once the call is under way, waits or is refused."""
    task = asyncio.ensure_future(served.call(call(caller), {**ASK, **more}))
    await settle()
    return task


@pytest.mark.parametrize("order", [0, 1])
async def test_a_sibling_with_room_is_preferred_to_waiting(order: int) -> None:
    """A full deployment's next request goes to another one, also to one of a higher order."""
    first, second = HeldInvoker(), HeldInvoker()
    served = model(member("d1", first, limit=1), member("d2", second, limit=1, order=order))
    tasks = [await asked(served) for _ in range(2)]
    assert (first.under_way, second.under_way) == (1, 1)
    first.go.set()
    second.go.set()
    await asyncio.gather(*tasks)


async def test_where_none_has_room_one_with_a_place_in_its_queue_is_chosen() -> None:
    """A deployment whose queue is full is left alone while another one's is not."""
    invoker = HeldInvoker()
    full, patient = member("d1", invoker, limit=1, queue=0), member("d2", invoker, limit=1, queue=1)
    served = model(full, patient)
    tasks = [await asked(served) for _ in range(3)]
    assert patient.live.permits.waiting == 1
    invoker.go.set()
    await asyncio.gather(*tasks)


async def test_a_trial_that_was_never_made_is_free_again() -> None:
    """Who waited for a permit and left has not tried the rested deployment."""
    invoker = HeldInvoker()
    rested = member("d1", invoker, limit=1)
    served = model(rested)
    first = await asked(served)
    health = rested.live.health
    health.failed(Throttled("x"), replace(rested.cooldown, seconds=0.0), alone=False)
    trial = await asked(served)
    assert health.resting
    trial.cancel()
    await settle()
    assert (health.on_trial, health.resting) == (True, False)
    invoker.go.set()
    await first


async def test_full_queues_are_refused_at_once_without_retries() -> None:
    """Nobody tries again what the gateway itself refuses; the client may, after the advice."""
    invoker = HeldInvoker()
    served = model(member("d1", invoker, limit=1, queue=0), member("d2", invoker, limit=1, queue=0))
    tasks = [await asked(served) for _ in range(2)]
    refused = call()
    with pytest.raises(Overloaded, match="The model 'm' is busy") as refusal:
        await served.call(refused, ASK)
    assert refused.retries == 0
    assert refusal.value.should_retry is None
    assert refusal.value.retry_after is not None
    invoker.go.set()
    await asyncio.gather(*tasks)


async def test_a_stand_in_answers_for_a_full_model() -> None:
    """Fallbacks are asked before a client is refused."""
    busy, idle = HeldInvoker(), HeldInvoker(held=False)
    served = model(member("d1", busy, limit=1, queue=0), stand_in=member("d2", idle))
    task = await asked(served)
    other = call()
    await served.call(other, ASK)
    assert (other.deployment, other.fell_back) == ("d2", 1)
    busy.go.set()
    await task


async def test_who_waits_too_long_asks_another_deployment() -> None:
    """The end of the wait is no end of the request where a sibling has room by then."""
    stuck, quick = HeldInvoker(), HeldInvoker()
    served = model(
        member("d1", stuck, limit=1, queue=1, seconds=0.05), member("d2", quick, limit=1, queue=0)
    )
    tasks = [await asked(served) for _ in range(2)]
    late = call()
    waiting = asyncio.ensure_future(served.call(late, ASK))
    await settle()
    quick.go.set()
    await waiting
    assert (late.deployment, late.retries) == ("d2", 1)
    stuck.go.set()
    await asyncio.gather(*tasks)


async def test_time_spent_in_a_queue_is_no_failure_of_the_deployment() -> None:
    """A request's own deadline ends its wait with 408; nothing is said of the deployment by it."""
    invoker, sibling = HeldInvoker(), HeldInvoker()
    busy = member("d1", invoker, limit=1, total=0.05)
    served = model(busy, member("d2", sibling, order=1, limit=1, queue=0))
    held = await busy.live.permits.acquire(Place(policy=busy.admission or AdmissionPolicy()))
    other = await asked(served)
    for _ in range(6):
        with pytest.raises(DeadlineExceeded):
            await served.call(call(), ASK)
    assert not invoker.calls
    assert busy.live.permits.waiting == 0
    assert not busy.live.health.resting
    held.release()
    sibling.go.set()
    await other


async def test_each_call_of_a_request_takes_a_permit() -> None:
    """A request for many choices has no more calls under way than there are permits."""
    invoker = HeldInvoker(held=False)
    deployment = member("d1", invoker, limit=2, queue=1)
    answer = await model(deployment).call(call(), {**ASK, "n": 12})
    assert len(answer.body["choices"]) == 12
    assert invoker.most == 2
    assert deployment.live.permits.held == 0


@pytest.mark.parametrize("limit", [1, 3])
async def test_requests_of_many_calls_don_t_block_each_other(limit: int) -> None:
    """Nobody holds a permit while it waits for another one: all come to their end."""
    invoker = HeldInvoker(held=False)
    served = model(member("d1", invoker, limit=limit))
    asking = (served.call(call(name), {**ASK, "n": 9}) for name in ("a", "b", "c"))
    answers = await asyncio.wait_for(asyncio.gather(*asking), 10)
    assert [len(answer.body["choices"]) for answer in answers] == [9, 9, 9]
    assert invoker.most == limit


@pytest.mark.parametrize("choices", [1, 5])
async def test_a_stream_holds_its_permits_until_it_is_closed(choices: int) -> None:
    """The calls of a stream count one by one, and are given back with it."""
    invoker = HeldInvoker()
    deployment = member("d1", invoker, limit=2)
    stream = await model(deployment).stream(call(stream=True), {**ASK, "n": choices})
    assert 1 <= deployment.live.permits.held <= 2
    assert [batch async for batch in stream]
    await stream.aclose()
    assert invoker.most <= 2
    assert len(invoker.calls) == choices
    assert (deployment.live.permits.held, invoker.under_way) == (0, 0)


async def test_a_stream_that_is_given_up_gives_its_permits_back() -> None:
    """A client that leaves in the middle frees what its calls held and waited for."""
    deployment = member("d1", HeldInvoker(), limit=2)
    stream = await model(deployment).stream(call(stream=True), {**ASK, "n": 9})
    await stream.aclose()
    await settle()
    assert deployment.live.permits.held == 0
    assert deployment.has_room


async def test_a_cancelled_request_leaves_the_queue() -> None:
    """The one behind it is next."""
    invoker = HeldInvoker()
    deployment = member("d1", invoker, limit=1, queue=1)
    served = model(deployment)
    first, second = await asked(served), await asked(served)
    second.cancel()
    await settle()
    third = await asked(served)
    invoker.go.set()
    await asyncio.gather(first, third)
    assert len(invoker.calls) == 2


async def test_callers_take_turns_at_a_deployment() -> None:
    """A caller's crowd makes another's request wait for one of it, not for all."""
    invoker = HeldInvoker()
    served = model(member("d1", invoker, limit=1))
    ended: list[str] = []

    def note(name: str, task: asyncio.Task[Any]) -> None:
        task.add_done_callback(lambda _: ended.append(name))

    tasks = [await asked(served, name) for name in ("many", "many", "many", "few")]
    for name, task in zip(("many", "many", "many", "few"), tasks, strict=True):
        note(name, task)
    invoker.go.set()
    await asyncio.gather(*tasks)
    assert ended == ["many", "many", "few", "many"]
