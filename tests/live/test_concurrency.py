"""Many at once: 200 streams without a lost byte, while others meet every fault there is."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import httpx

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, Stream, events
from tests.live.leaks import assert_reply_is_clean
from tests.live.test_hostile_cuts import assert_whole

STREAMS = 200
MODELS = ("tgi-hostile", "chat-hostile", "lines-hostile", "fake-only")
FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("throttling", {}),
    ("reset_mid_stream", {"after": 4}),
    ("stream_error", {"after": 2}),
    ("truncated_frame", {"after": 3}),
    ("corrupted_crc", {"after": 5}),
    ("model_error", {"status": 500}),
    ("no_finish", {}),
)


async def streamed(client: httpx.AsyncClient, model: str, number: int) -> Stream:
    """One stream, read to its end."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": f"number {number}"}],
        "stream": True,
    }
    answer = await client.post("/v1/chat/completions", json=body)
    assert_reply_is_clean(answer.text)
    return Stream(answer.status_code, answer.headers, events(answer.text))


def outcome_of(stream: Stream) -> str:
    """How a stream ended: refused with a status, whole, broken with an error event, or worse."""
    if stream.status != 200:
        return "refused" if stream.status in {429, 500, 502} else "wrong status"
    if stream.error is not None and not stream.done:
        return "broken"
    return "whole" if stream.done and stream.finishes() == ["stop"] else "cut in silence"


async def at_once(gateway: Gateway, work: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Does the work with a client that opens as many connections as it wants."""
    async with httpx.AsyncClient(
        base_url=gateway.url,
        trust_env=False,
        timeout=60,
        limits=httpx.Limits(max_connections=None),
    ) as client:
        await work(client)


async def test_two_hundred_streams(gateway: Gateway, emulated: Emulated) -> None:
    """200 streams with hostile cuts arrive whole; failing ones beside them fail alone (E8, G8)."""
    emulated.fault("chat-hostile", "cuts", cuts="random:7")
    emulated.fault("tgi-hostile", "cuts", cuts="utf8_split")
    for fault, options in FAULTS:
        emulated.fault("steady", fault, times=5, **options)

    async def work(client: httpx.AsyncClient) -> None:
        models = itertools.cycle(MODELS)
        good = [(next(models), number) for number in range(STREAMS)]
        bad = [streamed(client, "steady", number) for number in range(40)]
        streams = await asyncio.gather(
            *(streamed(client, model, number) for model, number in good), *bad
        )
        for (model, _), stream in zip(good, streams, strict=False):
            assert_whole(stream, serving.HOSTILE, model)
        outcomes = [outcome_of(stream) for stream in streams[STREAMS:]]
        assert {"refused", "broken"} <= set(outcomes)
        assert {"cut in silence", "wrong status"}.isdisjoint(outcomes)

    await at_once(gateway, work)
    assert emulated.counts(open=0)["open"] == 0


async def test_answers_are_never_mixed_up(gateway: Gateway, emulated: Emulated) -> None:
    """Each of many callers gets the answer to its own question, whole and streamed."""
    del emulated

    async def work(client: httpx.AsyncClient) -> None:
        streams = await asyncio.gather(
            *(streamed(client, ("steady", "steady-tgi")[n % 2], n) for n in range(60))
        )
        for number, stream in enumerate(streams):
            assert f"“number {number}”" in stream.text()
            assert stream.done

    await at_once(gateway, work)


async def test_a_refusal_learnt_by_many_at_once(gateway: Gateway, emulated: Emulated) -> None:
    """Many first streams to an endpoint that can't stream: all are faked, none fails."""
    del emulated

    async def work(client: httpx.AsyncClient) -> None:
        streams = await asyncio.gather(
            *(streamed(client, "tgi-no-stream-c", number) for number in range(30))
        )
        for stream in streams:
            assert_whole(stream, serving.HOSTILE, "tgi-no-stream-c")

    await at_once(gateway, work)
