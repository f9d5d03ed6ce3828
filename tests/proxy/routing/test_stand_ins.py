"""Other models in a failed one's place: which, how many, within which time, and what is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapters.errors import (
    ContextLengthExceeded,
    DeadlineExceeded,
    EndpointCold,
    GatewayError,
    ModelError,
    Overloaded,
    RateLimited,
    Throttled,
    UpstreamError,
)
from proxy.routing.fallbacks import Fallbacks
from proxy.routing.pool import Pool
from proxy.routing.retries import RetryPolicy
from proxy.routing.times import Times
from proxy.routing.wishes import Wishes
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.routing.groups import ASK, GOOD, broken, member, model, new_call, pool, script

ONCE = RetryPolicy(retries=0)
LISTS = Fallbacks(general={"m": ("b", "c")}, context_window={"m": ("long",)})


def named(name: str, invoker: ScriptedInvoker | None = None, **times: float) -> Pool:
    """Give a model of one deployment that is asked once."""
    only = member(f"{name}-1", invoker, times=Times(**times))
    return pool(only, model=name, retries=ONCE)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_next_model_answers(stream: bool) -> None:
    """In the list's order; the call tells how many were asked, and which model answered."""
    failing = [script(broken(), streams=[broken()]) for _ in range(2)]
    asked = model(named("m", failing[0]), named("b", failing[1]), named("c"), fallbacks=LISTS)
    call = new_call(stream=stream)
    answer = await (asked.stream if stream else asked.call)(call, ASK)
    assert (call.fell_back, call.group, call.deployment) == (2, "c", "c-1")
    if stream:
        await answer.aclose()  # type: ignore[union-attr]  # a stream


async def test_a_prompt_that_is_too_long_goes_to_a_longer_model() -> None:
    """By the list for that; the others are not asked."""
    long = script(GOOD)
    asked = model(
        named("m", script(ContextLengthExceeded("too long"))),
        named("b", script(broken())),
        named("long", long),
        fallbacks=LISTS,
    )
    call = new_call()
    await asked.call(call, ASK)
    assert call.group == "long"


async def test_each_model_has_its_own_retries() -> None:
    """A stand-in tries as often as it would for its own requests."""
    stand_in = script(broken(), GOOD)
    b = pool(member("b-1", stand_in), model="b", retries=RetryPolicy(retries=1))
    call = new_call()
    await model(named("m", script(broken())), b, fallbacks=LISTS).call(call, ASK)
    assert (call.retries, call.fell_back) == (1, 1)


@pytest.mark.parametrize(
    ("wishes", "group"),
    [
        (Wishes(fallbacks=("d",)), "d"),
        (Wishes(no_fallbacks=True), None),
        (Wishes(fallbacks=("d",), no_fallbacks=True), None),
        (Wishes(fallbacks=()), None),
    ],
)
async def test_a_request_says_who_stands_in(wishes: Wishes, group: str | None) -> None:
    """Its own list instead of the configured one, or nobody."""
    asked = model(named("m", script(broken())), named("b"), named("d"), fallbacks=LISTS)
    call = new_call(wishes=wishes)
    if group is None:
        with pytest.raises(UpstreamError):
            await asked.call(call, ASK)
        assert call.fell_back == 0
    else:
        await asked.call(call, ASK)
        assert call.group == group


async def test_names_that_are_gone_or_its_own_are_passed_over() -> None:
    """What a wildcard had may be gone; an alias of the failed model is the failed model."""
    failing = script(broken(), broken(), broken())
    own = named("m", failing)
    asked = model(own, named("b"), fallbacks=Fallbacks(general={"m": ("gone", "alias", "b")}))

    def find(name: str) -> Pool:
        return own if name == "alias" else asked.find(name)

    call = new_call()
    await replace(asked, find=find).call(call, ASK)
    assert (call.fell_back, call.group, len(failing.calls)) == (1, "b", 1)


async def test_a_stand_in_never_gets_what_its_clients_may_not_say() -> None:
    """A field that the asked model allows (`model_id`) is no key to a model that forbids it."""
    forbidding, allowing = script(), script()
    own = replace(named("m", script(*(broken() for _ in range(9)))), permitted_fields=MODEL_ID)
    asked = model(
        own,
        named("b", forbidding),
        replace(named("c", allowing), permitted_fields=MODEL_ID),
        fallbacks=LISTS,
    )
    call = new_call()
    await asked.call(call, {**ASK, "model_id": "component"})
    assert (call.group, len(forbidding.calls)) == ("c", 0)
    without = new_call()
    await asked.call(without, ASK)
    assert without.group == "b"


MODEL_ID = frozenset({"model_id"})


async def test_a_stand_ins_complaint_does_not_hide_the_failure() -> None:
    """What is wrong with the request for the stand-in only is not the caller's fault."""
    asked = model(
        named("m", script(broken(Throttled, retry_after=3))),
        named("b", script(ModelError("no such tool", status=400))),
        fallbacks=LISTS,
    )
    with pytest.raises(Throttled) as caught:
        await asked.call(new_call(), ASK)
    assert caught.value.retry_after == 3


async def test_the_last_failure_is_told() -> None:
    """Where the stand-ins fail as well."""
    asked = model(named("m", script(broken())), named("b", script(broken(Throttled))))
    with pytest.raises(Throttled):
        await asked.call(new_call(), ASK)


async def test_a_clients_fault_is_nobody_elses() -> None:
    """No other model is asked what this one refuses."""
    other = script()
    asked = model(named("m", script(ModelError("bad", status=422))), named("b", other))
    with pytest.raises(ModelError):
        await asked.call(new_call(), ASK)
    assert other.calls == []


async def test_the_deadline_holds_for_stand_ins_too() -> None:
    """Once the request's time is over nobody else is asked."""
    other = script()
    asked = model(named("m", script(None), total=0.05), named("b", other))
    with pytest.raises(DeadlineExceeded):
        await asked.call(new_call(), ASK)
    assert other.calls == []


async def test_a_try_that_is_late_leaves_its_place() -> None:
    """`first_byte_timeout` of a model that hangs leaves time for the one that stands in."""
    asked = model(named("m", script(None, streams=[[None]]), first_byte=0.05), named("b"))
    call = new_call(stream=True)
    stream = await asked.stream(call, ASK)
    assert call.group == "b"
    await stream.aclose()


async def test_a_stand_ins_own_time_is_shorter() -> None:
    """Its `timeout` bounds its own tries within the request's time, which goes on."""
    asked = model(
        named("m", script(broken()), total=60),
        named("b", script(None), total=0.05),
        named("c", total=60),
        fallbacks=LISTS,
    )
    call = new_call()
    async with asyncio.timeout(10):
        await asked.call(call, ASK)
    assert call.group == "c"


async def test_clients_are_told_that_others_were_asked() -> None:
    """A client's SDK would ask them all again: `x-should-retry: false`, as after retries."""
    asked = model(named("m", script(broken())), named("b", script(broken(Throttled))))
    with pytest.raises(Throttled) as caught:
        await asked.call(new_call(), ASK)
    assert caught.value.should_retry is False


@pytest.mark.parametrize("refusal", [Overloaded, EndpointCold, RateLimited])
async def test_who_was_not_asked_is_no_reason_to_give_up(refusal: type[GatewayError]) -> None:
    """One call that failed, and a stand-in that is full, cold or at its limit: come again."""
    for first, second in ((broken(Throttled), broken(refusal)), (broken(refusal), broken())):
        asked = model(named("m", script(first)), named("b", script(second)))
        with pytest.raises(GatewayError) as caught:
            await asked.call(new_call(), ASK)
        assert caught.value.should_retry is None
