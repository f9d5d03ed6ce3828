"""Cold starts of minutes, from the public model to a scripted endpoint, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from adapters.errors import (
    EndpointCold,
    GatewayError,
    ModelError,
    ModelLoading,
    Overloaded,
    UpstreamError,
)
from adapters.sagemaker.errors import translate
from proxy.routing.call import Call
from proxy.routing.gate import ColdStarts, Gates
from proxy.routing.wishes import Wishes
from tests.proxy.routing.sleepy import ASK, Sleepy, ask, member, model, new_call, pool
from tests.virtual_time import clock, run

NO_CAPACITY = "Inference Component has no capacity to process this request."
HASTY = ColdStarts()


def test_ten_minutes() -> None:
    """A crowd outlives a cold start of ten minutes: one at a time asks, paced; all are served.

    The time is none of their `timeout` of 30 seconds, and neither a retry nor a failure.
    """

    async def main() -> None:
        endpoint, reports = Sleepy(starts_in=600), list[Call]()
        one = member(endpoint)
        served = model(one, reports=reports)
        first = asyncio.ensure_future(ask(served))
        await asyncio.sleep(3)
        began = clock()
        await asyncio.gather(first, *(ask(served) for _ in range(50)))
        assert 595 < clock() - began < 610
        assert endpoint.crowds == [0] * len(endpoint.refused)
        assert set(endpoint.pauses) == {6.0}  # a second for the refusal, and the pace
        assert len(endpoint.answered) == 51
        assert [call.outcome for call in reports] == ["ok"] * 51
        assert {call.retries for call in reports} == {0}
        assert not one.live.health.resting
        assert (one.gate.cold_since, one.gate.waiting, one.live.in_flight) == (None, 0, 0)

    run(main)


def test_a_stream_waits_alike() -> None:
    """A stream is there once the endpoint is; until then the call says that it is held."""

    async def main() -> None:
        served = model(member(Sleepy(starts_in=60)))
        call = new_call()
        call.stream, call.holding = True, asyncio.get_running_loop().create_future()
        coming = asyncio.ensure_future(served.stream(call, ASK))
        began = clock()
        await call.holding
        assert 2 <= clock() - began < 5
        stream = await coming
        assert [chunk async for batch in stream for chunk in batch]
        await stream.aclose()

    run(main)


def test_who_is_served_soon_is_not_held() -> None:
    """A start that takes but a moment is not told: the stream keeps its status."""

    async def main() -> None:
        served = model(member(Sleepy(starts_in=0.5), ColdStarts(wait=9, pace=0.1)))
        call = new_call(holding=asyncio.get_running_loop().create_future())
        await served.call(call, ASK)
        await asyncio.sleep(10)
        assert call.holding is not None
        assert not call.holding.done()

    run(main)


def test_the_wait_ends() -> None:
    """After `cold_start_wait` the answer is a 503 that says when to come again, and not by itself.

    Those who came later wait for as long, and the next of them asks in the first one's place.
    """

    async def main() -> None:
        endpoint = Sleepy(starts_in=None)
        served = model(member(endpoint, ColdStarts(wait=60)))
        first = asyncio.ensure_future(ask(served))
        await asyncio.sleep(30)
        second = asyncio.ensure_future(ask(served))
        began = clock()
        with pytest.raises(EndpointCold, match="within 60 s") as caught:
            await first
        assert 30 <= clock() - began <= 32
        error = caught.value
        assert (error.status, error.retry_after, error.should_retry) == (503, 30, False)
        assert error.code == "no_capacity"
        with pytest.raises(EndpointCold):
            await second
        assert 60 <= clock() - began <= 62
        assert set(endpoint.pauses) <= {6.0, 5.0}

    run(main)


def test_a_client_may_wait_for_less() -> None:
    """A request's own `timeout` bounds its wait: nobody is there afterwards."""

    async def main() -> None:
        served = model(member(Sleepy(starts_in=600)))
        began = clock()
        with pytest.raises(EndpointCold, match="within 20 s"):
            await ask(served, wishes=Wishes(seconds=20))
        assert clock() - began < 23

    run(main)


def test_without_a_wait() -> None:
    """Without the setting each request is refused by AWS itself, and answered so at once."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=600)
        served = model(member(endpoint, HASTY))
        for _ in range(3):
            with pytest.raises(EndpointCold) as caught:
                await ask(served)
            assert (caught.value.retry_after, caught.value.should_retry) == (30, None)
        assert endpoint.pauses == [1, 1]
        await asyncio.sleep(600)
        await ask(served)

    run(main)


def test_a_loading_model_is_asked_again_without_a_wait() -> None:
    """What takes seconds is worth a retry, as before."""

    async def main() -> None:
        loading = ModelLoading("x", code="model_not_ready", retry_after=5)
        call = await ask(model(member(Sleepy(errors=[loading]), HASTY)))
        assert call.retries == 1

    run(main)


def test_the_queue_is_bounded() -> None:
    """Who finds it full is refused at once, and may come again."""

    async def main() -> None:
        served = model(member(Sleepy(starts_in=60), ColdStarts(wait=90, most_waiters=3)))
        waiting = [asyncio.ensure_future(ask(served)) for _ in range(3)]
        await asyncio.sleep(10)
        began = clock()
        with pytest.raises(Overloaded) as caught:
            await ask(served)
        error = caught.value
        assert clock() == began
        assert (error.status, error.code, error.retry_after) == (503, "too_many_waiting", 30)
        assert error.should_retry is None
        await asyncio.gather(*waiting)

    run(main)


def test_the_oldest_leaves() -> None:
    """Whoever asks may leave at any time; the next one takes over, at the same pace."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=100)
        one = member(endpoint)
        served = model(one)
        waiting = []
        for _ in range(10):
            waiting.append(asyncio.ensure_future(ask(served)))
            await asyncio.sleep(0.01)
        for leaving in waiting[:-1]:  # some in the middle of asking, some between
            await asyncio.sleep(7.3)
            leaving.cancel()
        await waiting[-1]
        assert one.gate.waiting == 0
        # All ten came before the first refusal; from then on it is one at a time.
        assert min(endpoint.pauses[9:]) >= 5
        assert set(endpoint.crowds[10:]) == {0}

    run(main)


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
        assert {gate.place.endpoint for gate in gates if gate.cold_since} == {"e"}
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


def test_a_probe_that_fails_otherwise() -> None:
    """Another failure is the asking request's own affair; the others wait on, at the same pace."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=None)
        served = model(member(endpoint))
        waiting = [asyncio.ensure_future(ask(served)) for _ in range(3)]
        await asyncio.sleep(3)
        endpoint.errors = [UpstreamError("x", status=500, retryable=True)] * 2
        await asyncio.sleep(15)
        assert len(endpoint.refused) == 4  # the three first ones, and one after the two failures
        endpoint.awake_at = clock()
        await asyncio.gather(*waiting)

    run(main)


def test_a_containers_own_word_means_that_it_is_there() -> None:
    """A container that refuses a request has started: everybody is let go."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=None)
        served = model(member(endpoint))
        waiting = [asyncio.ensure_future(ask(served)) for _ in range(3)]
        await asyncio.sleep(3)
        endpoint.awake_at, endpoint.errors = clock(), [ModelError("x", status=400)]
        failed, *others = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(failed, ModelError)
        assert [type(each) for each in others] == [Call, Call]
        assert endpoint.answered[0] == endpoint.answered[1]

    run(main)


def test_an_answer_to_an_older_call_tells_nothing() -> None:
    """A long answer that began before the endpoint went to sleep does not open the gate."""

    async def main() -> None:
        endpoint = Sleepy(answer_seconds=10)
        one = member(endpoint)
        served = model(one)
        older = asyncio.ensure_future(ask(served))
        await asyncio.sleep(1)
        endpoint.starts_in, endpoint.awake_at = 30, None
        newer = asyncio.ensure_future(ask(served))
        await older
        assert one.gate.cold_since is not None
        await newer

    run(main)


def test_a_prompt_with_awss_sentence_starts_no_wait() -> None:
    """Only AWS's own refusal does; a container that repeats the prompt is the request's failure."""

    async def main() -> None:
        body = b'{"OriginalStatusCode":400,"OriginalMessage":"%s","Message":"%s"}'
        text = NO_CAPACITY.encode()
        echoed = translate(
            424, {"x-amzn-errortype": "ModelError"}, body % (text, text), streaming=False
        )
        one = member(Sleepy(errors=[echoed]))
        began = clock()
        with pytest.raises(GatewayError) as caught:
            await ask(model(one))
        assert (caught.value.status, clock(), one.gate.cold_since) == (400, began, None)

    run(main)


def test_the_pools_own_members_may_differ_in_patience() -> None:
    """A group waits for as long as the most patient of its deployments."""

    async def main() -> None:
        hasty = member(Sleepy(starts_in=None), HASTY, endpoint="h")
        await ask(model(hasty, member(Sleepy(starts_in=100), ColdStarts(wait=200))))

    run(main)
