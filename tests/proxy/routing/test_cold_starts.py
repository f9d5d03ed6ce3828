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
from proxy.routing.gate import ColdStarts
from proxy.routing.wishes import Wishes
from tests.proxy.routing.sleepy import ASK, Sleepy, ask, member, model, new_call
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
