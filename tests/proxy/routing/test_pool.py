"""The pool: which deployment is asked, how often, after how long, and what it means for them."""

from __future__ import annotations

import asyncio

import pytest

from adapters.errors import (
    DeadlineExceeded,
    EndpointNotFound,
    GatewayError,
    InvalidRequest,
    ModelError,
    RateLimited,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.retries import RetryBudget, RetryPolicy
from proxy.routing.times import Times
from proxy.routing.wishes import Wishes
from tests.proxy.routing.groups import (
    ASK,
    GOOD,
    TOKEN,
    Clock,
    Pauses,
    member,
    model,
    new_call,
    pool,
    script,
)

BREAK = UpstreamError("gone", code="connection_lost", retryable=True)


def broken(kind: type[GatewayError] = UpstreamError, **details: object) -> GatewayError:
    """An error of its own for each try: the pool writes on those that it raises."""
    return kind("x", **{"retryable": True, **details})  # type: ignore[arg-type]  # passed through


async def test_a_failed_try_moves_to_another_deployment_at_once() -> None:
    """The sibling answers without a pause; the call tells the retry and who answered."""
    pauses = Pauses()
    bad = member("bad", script(broken()), order=0)
    good = member("good", order=1)
    call = new_call()
    await model(pool(bad, good, pauses=pauses)).call(call, ASK)
    assert (call.retries, call.deployment, pauses.seconds) == (1, "good", [0.0])


async def test_a_lone_deployment_is_asked_again_after_a_pause() -> None:
    """Half a second, then one, with chance on top; two retries by default."""
    pauses = Pauses()
    only = script(broken(), broken(), GOOD)
    call = new_call()
    await model(pool(member("a", only), pauses=pauses)).call(call, ASK)
    assert call.retries == 2
    first, second = pauses.seconds
    assert 0.5 <= first <= 1.25
    assert 1.0 <= second <= 1.75


async def test_retry_after_is_obeyed() -> None:
    """What the container asks for is waited for, where nobody else can answer."""
    pauses = Pauses()
    only = script(broken(Throttled, retry_after=7), GOOD)
    await model(pool(member("a", only), pauses=pauses)).call(new_call(), ASK)
    assert pauses.seconds == [7.0]


async def test_all_siblings_are_asked_before_one_is_asked_again() -> None:
    """Who failed comes last; only then is there a pause."""
    pauses = Pauses()
    scripts = [script(broken(), GOOD) for _ in range(3)]
    members = [member(f"d{i}", each) for i, each in enumerate(scripts)]
    call = new_call()
    rules = RetryPolicy(retries=3)
    await model(pool(*members, pauses=pauses, retries=rules)).call(call, ASK)
    assert sorted(len(each.calls) for each in scripts) == [1, 1, 2]
    assert pauses.seconds[:2] == [0.0, 0.0]
    assert pauses.seconds[2] > 0


@pytest.mark.parametrize("retries", [0, 1, 4])
async def test_a_request_says_how_often(retries: int) -> None:
    """Its own number wins over the deployment's and the group's."""
    only = script(*(broken() for _ in range(9)))
    call = new_call(wishes=Wishes(retries=retries))
    with pytest.raises(UpstreamError):
        await model(pool(member("a", only, retries=3))).call(call, ASK)
    assert len(only.calls) == retries + 1


async def test_a_deployment_says_how_often() -> None:
    """Its `num_retries` wins over the group's."""
    only = script(*(broken() for _ in range(9)))
    with pytest.raises(UpstreamError):
        await model(pool(member("a", only, retries=1))).call(new_call(), ASK)
    assert len(only.calls) == 2


async def test_clients_are_told_when_our_retries_are_spent() -> None:
    """`x-should-retry: false` once there were retries here, and nothing of it else."""
    for retries, told in ((0, None), (1, False)):
        only = script(*(broken(Throttled) for _ in range(3)))
        with pytest.raises(Throttled) as caught:
            await model(pool(member("a", only), retries=RetryPolicy(retries=retries))).call(
                new_call(), ASK
            )
        assert caught.value.should_retry is told


async def test_a_clients_fault_is_not_tried_again() -> None:
    """Not on a sibling either."""
    scripts = [script(ModelError("bad", status=422)) for _ in range(2)]
    members = [member(f"d{i}", each) for i, each in enumerate(scripts)]
    with pytest.raises(ModelError):
        await model(pool(*members)).call(new_call(), ASK)
    assert sum(len(each.calls) for each in scripts) == 1


async def test_lower_orders_are_asked_first() -> None:
    """The others have their turn only when those fail."""
    first, second = script(), script()
    group = model(pool(member("b", second, order=2), member("a", first, order=1)))
    for _ in range(20):
        await group.call(new_call(), ASK)
    assert (len(first.calls), len(second.calls)) == (20, 0)


async def test_a_resting_deployment_is_left_alone_until_its_rest_is_over() -> None:
    """Throttling rests it at once; after the cooldown one request tries it again."""
    clock = Clock()
    bad = script(broken(Throttled), GOOD)
    policy = CooldownPolicy(seconds=5)
    resting = member("bad", bad, clock, order=0, cooldown=policy)
    group = model(pool(resting, member("good", clock=clock, order=1)))
    for _ in range(5):
        await group.call(new_call(), ASK)
    assert len(bad.calls) == 1
    clock.now += 5
    for _ in range(5):
        await group.call(new_call(), ASK)
    assert len(bad.calls) == 6


async def test_when_all_rest_the_answer_is_429() -> None:
    """With the seconds until the first of them may be tried; nobody is asked."""
    clock = Clock()
    scripts = [script(broken(Throttled)) for _ in range(2)]
    members = [member(f"d{i}", each, clock) for i, each in enumerate(scripts)]
    group = model(pool(*members))
    with pytest.raises(Throttled):
        await group.call(new_call(), ASK)
    clock.now += 2
    with pytest.raises(RateLimited) as caught:
        await group.call(new_call(), ASK)
    assert caught.value.code == "no_deployments_available"
    assert caught.value.retry_after == pytest.approx(3)
    assert caught.value.should_retry is None
    assert [len(each.calls) for each in scripts] == [1, 1]


async def test_all_may_rest_while_a_request_pauses() -> None:
    """It ends as 429 then, and tells its client not to multiply what was tried here."""
    clock = Clock()
    members = [member(name, script(broken()), clock) for name in "ab"]
    pauses = Pauses(clock)

    async def others_fail(seconds: float) -> None:
        await pauses(seconds)
        if seconds:
            for each in members:
                each.live.health.failed(Throttled("x"), each.cooldown, alone=False)

    group = pool(*members, sleep=others_fail)
    with pytest.raises(RateLimited) as caught:
        await model(group).call(new_call(), ASK)
    assert caught.value.should_retry is False


async def test_a_lone_deployment_never_rests() -> None:
    """Also when a reload has left it alone while it rested."""
    clock = Clock()
    only = script(*(broken(Throttled) for _ in range(9)), GOOD)
    lone = member("a", only, clock)
    lone.live.health.failed(Throttled("x"), lone.cooldown, alone=False)
    group = model(pool(lone, retries=RetryPolicy(retries=0)))
    for _ in range(9):
        with pytest.raises(Throttled):
            await group.call(new_call(), ASK)
    await group.call(new_call(), ASK)


async def test_one_request_at_a_time_tries_a_rested_deployment() -> None:
    """While its answer is awaited, the others go elsewhere."""
    clock = Clock()
    slow = script(broken(Throttled), None)
    group = model(pool(member("bad", slow, clock, order=0), member("good", clock=clock, order=1)))
    await group.call(new_call(), ASK)
    clock.now += 5
    slow.called.clear()
    trial = asyncio.ensure_future(group.call(new_call(), ASK))
    await slow.called.wait()
    for _ in range(5):
        call = new_call()
        await group.call(call, ASK)
        assert call.deployment == "good"
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)


async def test_a_trial_that_its_client_leaves_is_not_repeated_at_once() -> None:
    """It may have hung: the next trial comes after another cooldown."""
    clock = Clock()
    slow = script(broken(Throttled), None)
    resting = member("bad", slow, clock, order=0)
    group = model(pool(resting, member("good", clock=clock, order=1)))
    await group.call(new_call(), ASK)
    clock.now += 5
    slow.called.clear()
    trial = asyncio.ensure_future(group.call(new_call(), ASK))
    await slow.called.wait()
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    assert resting.live.in_flight == 0
    assert resting.live.health.resting
    clock.now += 5
    assert not resting.live.health.resting


async def test_a_dead_deployment_hurts_nobody_in_a_burst() -> None:
    """However many meet it at once: a sibling that does well takes them all, budget or not."""
    dead, good = script(*(broken() for _ in range(99)), broken()), script()
    group = pool(
        member("dead", dead, order=0),
        member("good", good, order=1),
        budget=RetryBudget(share=0, a_second=0, most=0),
    )
    # All have chosen the dead one before any of them is answered.
    await asyncio.gather(*(model(group).call(new_call(), ASK) for _ in range(100)))
    assert len(good.calls) == 100


async def test_an_outage_of_all_is_not_multiplied() -> None:
    """Siblings that fail as well are asked only as far as the budget goes."""
    clock = Clock()
    policy = CooldownPolicy(enabled=False)
    scripts = [script(*(broken() for _ in range(999)), broken()) for _ in range(3)]
    members = [member(f"d{i}", each, clock, cooldown=policy) for i, each in enumerate(scripts)]
    budget = RetryBudget(share=0.2, a_second=0, most=10, clock=clock)
    group = model(pool(*members, budget=budget))
    for _ in range(200):
        with pytest.raises(UpstreamError):
            await group.call(new_call(), ASK)
    assert 200 <= sum(len(each.calls) for each in scripts) <= 200 * 1.2 + 10 + 3


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


@pytest.mark.parametrize("error", [EndpointNotFound("x"), UpstreamTimeout("x")])
async def test_some_failures_need_another_deployment(error: GatewayError) -> None:
    """A missing endpoint and a timeout are tried again elsewhere, and not on a lone one."""
    group = model(pool(member("a", script(error), order=0), member("b", order=1)))
    await group.call(new_call(), ASK)
    alone = script(error)
    with pytest.raises(type(error)):
        await model(pool(member("a", alone))).call(new_call(), ASK)
    assert len(alone.calls) == 1


async def test_tags_narrow_the_group() -> None:
    """A lone deployment of a tag is alone for whoever asks for it: it does not rest."""
    clock = Clock()
    tagged = script(*(broken(Throttled) for _ in range(2)), GOOD)
    members = (
        member("gpu", tagged, clock, tags=frozenset({"gpu"})),
        member("cpu", clock=clock, tags=frozenset({"default"})),
    )
    group = model(pool(*members, by_tags=True, retries=RetryPolicy(retries=0)))
    wishes = Wishes(tags=frozenset({"gpu"}))
    for _ in range(2):
        with pytest.raises(Throttled):
            await group.call(new_call(wishes=wishes), ASK)
    await group.call(new_call(wishes=wishes), ASK)
    with pytest.raises(InvalidRequest):
        await model(pool(members[0], by_tags=True)).call(
            new_call(wishes=Wishes(tags=frozenset({"x"}))), ASK
        )


async def test_sessions_keep_to_one_deployment() -> None:
    """While it can answer; then to another one, and back."""
    clock = Clock()
    members = [member(name, clock=clock) for name in "abcd"]
    group = model(pool(*members, by_session=True))
    wishes = Wishes(session="me")

    async def asked() -> str | None:
        call = new_call(wishes=wishes)
        await group.call(call, ASK)
        return call.deployment

    own = await asked()
    assert {await asked() for _ in range(20)} == {own}
    chosen = next(each for each in members if each.endpoint.id == own)
    chosen.live.health.failed(Throttled("x"), chosen.cooldown, alone=False)
    (other,) = {await asked() for _ in range(20)}
    assert other != own
    clock.now += 5
    assert await asked() == own


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
        script(streams=[[TOKEN, BREAK]]),
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
