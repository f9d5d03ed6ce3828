"""Limits on a request's way: deployments that are passed over, models that are full."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from adapters import formats
from adapters.base import Json
from adapters.endpoint import Endpoint
from adapters.errors import (
    DeadlineExceeded,
    GatewayError,
    InvalidRequest,
    ModelError,
    ModelNotFound,
    RateLimited,
    UpstreamTimeout,
)
from proxy.limits import claims
from proxy.limits.claim import Claim
from proxy.limits.memory import MemoryLedger
from proxy.routing.call import Call
from proxy.routing.deadline import Deadline
from proxy.routing.fallbacks import Fallbacks
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.permits import AdmissionPolicy
from proxy.routing.pool import Pool
from proxy.routing.quota import Quota
from proxy.routing.retries import RetryPolicy
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.limits.bench import Clock
from tests.proxy.routing.test_model import LAST, TOKEN, new_call

#: 2 tokens of text, and 100 for the answer.
ASK: Json = {"messages": [{"role": "user", "content": "Hi!!"}], "max_tokens": 100}
ESTIMATE = 102


class Group:
    """A model `m` with deployments `d0`, `d1`…, and another one `spare` that stands in for it."""

    def __init__(self, *, retries: int = 0) -> None:
        self.clock = Clock()
        self.ledger = MemoryLedger(self.clock)
        self.invokers: list[ScriptedInvoker] = []
        self.members: list[Member] = []
        self.pools: dict[str, Pool] = {}
        self.retries = RetryPolicy(retries=retries)

    def deployment(self, *replies: Any, streams: list[Any] | None = None, **limits: Any) -> None:
        """Add a deployment."""
        number = len(self.members)
        invoker = ScriptedInvoker(replies=list(replies), streams=streams or [])
        endpoint = Endpoint(
            id=f"d{number}", target=make_target(), format=formats.load("tgi"), invoker=invoker
        )
        self.invokers.append(invoker)
        claim = claims.of_deployment(endpoint.id, "m", **limits)
        self.members.append(Member(endpoint=endpoint, quota=self.quota(claim), order=number))

    def quota(self, claim: Claim | None) -> Quota | None:
        return None if claim is None else Quota(self.ledger, (claim,))

    def model(self, **limits: Any) -> PublicModel:
        """Give the model."""
        pool = Pool(
            model="m",
            members=tuple(self.members),
            retries=self.retries,
            quota=self.quota(claims.of_model("m", **limits)),
        )
        return PublicModel(pool=pool, find=self.find, report=lambda _: None)

    def find(self, name: str) -> Pool:
        if name not in self.pools:
            raise ModelNotFound(name)
        return self.pools[name]

    async def left(self, claim: Claim | None) -> tuple[int | None, int | None, int | None]:
        """Give what a claim has left of requests, tokens and slots."""
        assert claim is not None
        reservation = await self.ledger.reserve([claim], 0)
        reservation.cancel()
        _, requests, tokens, parallel = reservation.remaining[0]  # with this request gone
        return (
            None if requests is None else requests + 1,
            tokens,
            None if parallel is None else parallel + 1,
        )


def reply(tokens: int = 5) -> list[Json]:
    """An answer of TGI's that says how long it is."""
    details = {
        "finish_reason": "length",
        "generated_tokens": tokens,
        "prefill": [{"id": 1, "text": "x"}] * 3,
    }
    return [{"generated_text": "x", "details": details}]


async def test_a_deployment_at_its_limit_is_passed_over() -> None:
    """Its sibling answers, whatever order says, and it does not rest for that."""
    group = Group()
    group.deployment(reply(), rpm=1)
    group.deployment(reply(), reply())
    model = group.model()
    answered = []
    for _ in range(3):
        call = new_call()
        await model.call(call, ASK)
        answered.append(call.deployment)
    assert answered == ["d0", "d1", "d1"]
    assert not group.members[0].live.health.resting


async def test_all_at_their_limits_is_429_with_the_soonest_time() -> None:
    """Nobody is asked; the client learns when the first of them has room."""
    group = Group()
    group.deployment(reply(), rpm=1)
    group.deployment(reply(), rpm=1)
    model = group.model()
    await model.call(new_call(), ASK)
    group.clock.pass_by(20)
    await model.call(new_call(), ASK)
    with pytest.raises(RateLimited, match="model m: 1 requests per minute") as raised:
        await model.call(new_call(), ASK)
    assert raised.value.retry_after is not None
    assert 39 < raised.value.retry_after < 42


async def test_a_full_model_asks_its_fallbacks_and_nobody_else() -> None:
    """The limit of a model stands before its deployments; another model may answer."""
    group = Group()
    group.deployment(reply())
    group.deployment(reply())
    spare = group.members.pop()
    group.pools["spare"] = Pool(model="spare", members=(spare,))
    model = replace(group.model(rpm=1), fallbacks=Fallbacks(general={"m": ("spare",)}))
    await model.call(new_call(), ASK)
    call = new_call()
    await model.call(call, ASK)
    assert (call.group, call.fell_back) == ("spare", 1)


@pytest.mark.parametrize("stream", [False, True])
async def test_answers_settle_what_they_used(stream: bool) -> None:
    """The estimate holds while the answer is under way, then its usage; slots come back."""
    group = Group()
    group.deployment(reply(), streams=[[TOKEN, LAST]], tpm=1000)
    model = group.model(rpm=10, tpm=1000, parallel=2)
    whole, part = (
        claims.of_model("m", rpm=10, tpm=1000, parallel=2),
        claims.of_deployment("d0", "m", tpm=1000),
    )
    call = new_call(stream=stream)
    if stream:
        answer = await model.stream(call, ASK)
        assert await group.left(whole) == (9, 1000 - ESTIMATE, 1)
        assert [batch async for batch in answer]
        await answer.aclose()
    else:
        await model.call(call, ASK)
    assert call.usage is not None
    used = call.usage["total_tokens"]
    assert 0 < used < ESTIMATE
    assert await group.left(whole) == (9, 1000 - used, 2)
    assert await group.left(part) == (None, 1000 - used, None)


async def test_a_client_that_leaves_keeps_its_estimate_counted() -> None:
    """Nobody knows what the container made of it; the slot is free at once."""
    group = Group()
    group.deployment(streams=[[TOKEN, TOKEN, LAST]])
    stream = await group.model(tpm=1000, parallel=1).stream(new_call(stream=True), ASK)
    await stream.aclose()
    assert (await group.left(claims.of_model("m", tpm=1000, parallel=1)))[2] == 1


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (ModelError("bad", status=500), (9, 1000)),
        (UpstreamTimeout("slow"), (9, 1000 - ESTIMATE)),
        (InvalidRequest("refused here"), (10, 1000)),
    ],
)
async def test_failures_use_what_they_may_have_used(
    error: GatewayError, left: tuple[int, int]
) -> None:
    """A failure there is a request without tokens, a timeout may have used them all."""
    group = Group()
    group.deployment(error, rpm=10, tpm=1000)
    model = group.model(rpm=10, tpm=1000, parallel=5)
    with pytest.raises(type(error)):
        await model.call(new_call(), ASK)
    assert await group.left(claims.of_model("m", rpm=10, tpm=1000, parallel=5)) == (*left, 5)
    assert (await group.left(claims.of_deployment("d0", "m", rpm=10, tpm=1000)))[:2] == left


async def test_each_try_counts_for_its_deployment_and_the_request_once_for_its_model() -> None:
    """A retry is a second call for the endpoints, not for the model's limit."""
    group = Group(retries=1)
    group.deployment(ModelError("bad", status=500, retryable=True), rpm=10)
    group.deployment(reply(), rpm=10)
    await group.model(rpm=10).call(new_call(), ASK)
    assert (await group.left(claims.of_model("m", rpm=10)))[0] == 9
    for name in ("d0", "d1"):
        assert (await group.left(claims.of_deployment(name, "m", rpm=10)))[0] == 9


async def test_a_call_knows_what_was_left() -> None:
    """The model's limits, and its deployment's where that is the only one."""
    group = Group()
    group.deployment(reply(), rpm=5)
    call = new_call()
    await group.model(tpm=1000).call(call, ASK)
    assert [each.claim.scope for each in call.remaining] == ["model:m", "deployment:d0"]


async def test_requests_are_weighed_only_where_somebody_asks() -> None:
    """Without limits no request is measured; where somebody asks, it is once."""
    group = Group()
    group.deployment(reply())
    call = Call(id="c", task="chat", model="m", caller="me", stream=False)
    await group.model().call(call, ASK)
    for most in (7, 8):
        call.wants({"messages": [], "max_tokens": most})
        assert call.tokens == 7


async def test_time_that_went_by_in_a_queue_uses_nothing() -> None:
    """A call that never had its permit was not made: its deployment's limits have it back."""
    group = Group()
    group.deployment(None, rpm=10, tpm=1000)
    group.members[0] = replace(
        group.members[0],
        admission=AdmissionPolicy(name="m", limit=1, seconds=60),
    )
    model = group.model()
    first = asyncio.create_task(model.call(new_call(), ASK))
    await group.invokers[0].called.wait()
    second = new_call()
    second.deadline = Deadline(0.05, time.monotonic() + 0.05)
    with pytest.raises(DeadlineExceeded):
        await model.call(second, ASK)
    left = await group.left(claims.of_deployment("d0", "m", rpm=10, tpm=1000))
    assert left[:2] == (9, 1000 - ESTIMATE)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
