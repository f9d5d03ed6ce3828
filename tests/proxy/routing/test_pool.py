"""The pool: which deployment is asked, how often, after how long, and what it means for them."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from adapters.errors import (
    EndpointNotFound,
    GatewayError,
    InvalidRequest,
    ModelError,
    RateLimited,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from proxy.limits.claim import Claim
from proxy.limits.memory import MemoryLedger
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.permits import AdmissionPolicy
from proxy.routing.quota import Quota
from proxy.routing.retries import RetryBudget, RetryPolicy
from proxy.routing.wishes import Wishes
from tests.proxy.routing.groups import (
    ASK,
    GOOD,
    Clock,
    Pauses,
    broken,
    member,
    model,
    new_call,
    pool,
    script,
)

CLAIM: Final = Claim(scope="deployment:limited", label="model m", requests=10_000)


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


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"admission": AdmissionPolicy(limit=9)},
        {"quota": Quota(MemoryLedger(), (CLAIM,))},
    ],
    ids=["no limit", "room", "quota"],
)
async def test_a_limit_that_is_not_reached_changes_nobodys_share(place: dict[str, Any]) -> None:
    """Three are asked alike, whatever one of them might have in its way."""
    scripts = [script() for _ in range(3)]
    first, *others = scripts
    members = [member(f"d{i}", each) for i, each in enumerate(others)]
    group = model(pool(member("limited", first, **place), *members))
    for _ in range(600):
        await group.call(new_call(), ASK)
    assert all(140 < len(each.calls) < 260 for each in scripts)  # 200, give or take 5 sigma


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
