"""Cold deployments among others: siblings, fallbacks, and all that share what is behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.errors import EndpointCold, ModelError, RateLimited, UpstreamError
from proxy.limits.claim import Claim
from proxy.limits.ledger import Reservation
from proxy.limits.memory import MemoryLedger
from proxy.routing.call import Call
from proxy.routing.gate import ColdStarts, Gates
from proxy.routing.price import Price
from proxy.routing.quota import Quota
from tests.proxy.routing.sleepy import Sleepy, ask, member, model, pool
from tests.virtual_time import clock, run

NO_CAPACITY = "Inference Component has no capacity to process this request."
HASTY = ColdStarts()


def test_a_warm_sibling_answers_at_once() -> None:
    """While one starts the other is asked, and the cold one by one request in each interval."""

    async def main() -> None:
        cold, warm = Sleepy(starts_in=60), Sleepy(answer_seconds=0.1)
        served = model(member(cold, order=0), member(warm, endpoint="w", order=1))
        began, slowest = clock(), 0.0
        while not cold.answered:
            asked = clock()
            call = await ask(served)
            assert call.retries == 0
            slowest = max(slowest, clock() - asked)
            await asyncio.sleep(0.4)
        assert slowest < 1.2  # one refusal, never a wait
        assert min(cold.pauses) >= 6
        assert 60 < clock() - began < 70

    run(main)


@pytest.mark.parametrize("cold_policy", [HASTY, ColdStarts(wait=600)])
def test_a_fallback_answers_at_once(cold_policy: ColdStarts) -> None:
    """Another model is asked rather than waited for, and the cold one at its pace."""

    async def main() -> None:
        cold, other = Sleepy(starts_in=20), Sleepy(answer_seconds=0.1)
        served = model(member(cold, cold_policy), others={"o": pool(member(other), name="o")})
        for _ in range(10):
            call = await ask(served)
            assert (call.fell_back, call.group) == (1, "o")
            await asyncio.sleep(0.9)
        assert len(cold.refused) == 2
        await asyncio.sleep(20)
        assert (await ask(served)).fell_back == 0

    run(main)


def test_it_is_waited_for_when_nobody_else_answers() -> None:
    """A fallback that fails is no reason to give up on an endpoint that will start."""

    async def main() -> None:
        cold = Sleepy(starts_in=100)
        broken = Sleepy(errors=[ModelError("x", status=500)] * 9)
        served = model(member(cold), others={"o": pool(member(broken, HASTY, retries=0))})
        await ask(served)
        assert len(cold.answered) == 1

    run(main)


def test_without_any_wait_the_last_failure_is_told() -> None:
    """Where nobody waits for anything, the fallback's failure is the answer."""

    async def main() -> None:
        broken = Sleepy(errors=[ModelError("x", status=500)] * 9)
        others = {
            "o": pool(member(broken, HASTY, retries=0)),
            "p": pool(member(Sleepy(starts_in=None), HASTY)),
        }
        served = model(member(Sleepy(starts_in=None), HASTY), others=others)
        with pytest.raises(EndpointCold):
            await ask(served)

    run(main)


def test_models_share_what_they_stand_before() -> None:
    """Two models on one component have one queue and one pace; another component has its own."""

    async def main() -> None:
        gates, endpoint, elsewhere = Gates(clock), Sleepy(starts_in=60), Sleepy()
        one, two = (model(member(endpoint, gates=gates)) for _ in range(2))
        first = asyncio.ensure_future(ask(one))
        await asyncio.sleep(2)
        second = asyncio.ensure_future(ask(two))
        other = model(member(elsewhere, gates=gates, endpoint="f"))
        began = clock()
        await ask(other)
        assert clock() - began == pytest.approx(1)
        assert {gate.site.endpoint for gate in gates if gate.cold_since} == {"e"}
        await asyncio.gather(first, second)
        assert set(endpoint.pauses) == {6.0}

    run(main)


def test_a_component_of_the_clients_choice() -> None:
    """Where clients choose the component, each has a gate of its own."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=60)
        served = model(member(endpoint))
        waiting = asyncio.ensure_future(ask(served, {"model_id": "asleep"}))
        await asyncio.sleep(3)
        endpoint.awake_at = clock()  # the other component is: this endpoint tells no difference
        began = clock()
        await ask(served, {"model_id": "awake"})
        assert clock() - began == pytest.approx(1)
        await waiting
        assert endpoint.components == ["asleep", "awake", "asleep"]

    run(main)


def test_the_first_of_two_that_starts() -> None:
    """A request waits for all cold deployments of its group, and goes to the one that is there."""

    async def main() -> None:
        slow, quick = Sleepy(starts_in=600), Sleepy(starts_in=100)
        served = model(member(slow), member(quick, endpoint="q"))
        began = clock()
        await asyncio.gather(*(ask(served) for _ in range(5)))
        assert 100 < clock() - began < 115
        assert min(slow.pauses[5:]) >= 5

    run(main)


def test_a_turn_that_its_owner_no_longer_wants() -> None:
    """Who leaves at the very moment of its turn lets the next one ask at once."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=20)
        served = model(member(endpoint))
        oldest, next_one = (asyncio.ensure_future(ask(served)) for _ in range(2))
        await asyncio.sleep(2)
        turn = endpoint.refused[-1] + 6
        asyncio.get_running_loop().call_at(turn, oldest.cancel)
        began = clock()
        await next_one
        assert clock() - began < 30
        assert turn in endpoint.refused

    run(main)


def test_a_sibling_that_has_rested() -> None:
    """One that comes back from its rest is taken while the other is still cold."""

    async def main() -> None:
        cold, resting = Sleepy(starts_in=600), Sleepy()
        sibling = member(resting, endpoint="r")
        sibling.live.health.failed(
            UpstreamError("x", should_retry=False), sibling.cooldown, alone=False
        )
        served = model(member(cold, ColdStarts(wait=900, pace=60)), sibling)
        began = clock()
        await asyncio.gather(ask(served), ask(served))
        assert clock() - began < 15
        assert len(resting.answered) == 2

    run(main)


def test_the_pools_own_members_may_differ_in_patience() -> None:
    """A group waits for as long as the most patient of its deployments."""

    async def main() -> None:
        hasty = member(Sleepy(starts_in=None), HASTY, endpoint="h")
        await ask(model(hasty, member(Sleepy(starts_in=100), ColdStarts(wait=200))))

    run(main)


class SlowLedger(MemoryLedger):
    """Counts that are asked for over a network."""

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        await asyncio.sleep(0.3)
        return await super().reserve(claims, tokens)


def test_limits_do_not_count_what_was_refused() -> None:
    """Asking in vain uses nothing of a limit, of deployment or model; and one asks at a time."""

    async def main() -> None:
        ledger = SlowLedger(clock)
        scopes = ("deployment:d", "model:m")
        own, models = (
            Quota(ledger, (Claim(scope=scope, label=scope, requests=4),)) for scope in scopes
        )
        endpoint = Sleepy(starts_in=50)
        one = member(endpoint, quota=own)
        served = replace(model(one), pool=pool(one, quota=models))
        await asyncio.gather(*(ask(served) for _ in range(4)))
        assert len(endpoint.refused) > 8
        assert set(endpoint.crowds[4:]) == {0}
        assert min(endpoint.pauses[3:]) >= 5
        with pytest.raises(RateLimited):
            await ask(served)

    run(main)


def test_a_key_does_not_pay_for_what_was_refused() -> None:
    """Neither a cold refusal nor the wait after it costs its key anything, limits or money."""

    async def main() -> None:
        claim = Claim(scope="key:k", label="key", requests=1)
        hasty = replace(model(member(Sleepy(starts_in=None), HASTY)), ledger=MemoryLedger(clock))
        for _ in range(2):
            with pytest.raises(EndpointCold):
                await ask(hasty, claims=(claim,))
        ended: list[Call] = []
        one = member(Sleepy(starts_in=None), price=Price(input_token=1, second=1))
        leaving = asyncio.ensure_future(ask(model(one, reports=ended)))
        await asyncio.sleep(2)  # refused once, and waiting
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert [(call.outcome, call.cost) for call in ended] == [("gone", None)]

    run(main)
