"""Several calls streamed as one: every choice, one sum, one failure for all."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.base import Json, Limits
from adapters.endpoint import Endpoint
from adapters.errors import EndpointUnavailable, MalformedReply, StreamingRefused, Throttled
from adapters.openai.usage import total
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker

LIMITS = Limits()
ASK: Json = {"model": "public-model", "messages": [{"role": "user", "content": "Hi"}]}
PROMPTS: Json = {"model": "public-model", "prompt": ["p", "q"]}


def endpoint(invoker: ScriptedInvoker, form: str = "tgi") -> Endpoint:
    return Endpoint(id="d1", target=make_target(), format=formats.load(form), invoker=invoker)


def token(text: str, **more: Any) -> bytes:
    return b"data:" + orjson.dumps({"token": {"text": text}, **more}) + b"\n\n"


def whole(text: str, tokens: int, prompt: int = 4) -> list[Any]:
    """A stream of one token and the last record."""
    details = {"finish_reason": "length", "generated_tokens": tokens, "input_length": prompt}
    return [token(text), token("!", generated_text=f"{text}!", details=details)]


def texts(chunks: list[Json]) -> dict[int, str]:
    said: dict[int, str] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            text = choice["delta"].get("content") if "delta" in choice else choice["text"]
            said[choice["index"]] = said.get(choice["index"], "") + (text or "")
    return said


async def test_every_choice_is_streamed_for_real() -> None:
    """`n` choices are `n` streams, each under its index; a prompt's tokens count once."""
    invoker = ScriptedInvoker(streams=[whole("a", 2), whole("b", 3)])
    options = {"stream_options": {"include_usage": True}}
    stream = await endpoint(invoker).stream("chat", {**ASK, "n": 2, **options}, LIMITS)
    chunks = [chunk async for batch in stream for chunk in batch]
    await stream.aclose()
    assert invoker.operations == ["open_stream", "open_stream"]
    assert texts(chunks) == {0: "a!", 1: "b!"}
    usage = {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}
    assert [chunk["usage"] for chunk in chunks if not chunk["choices"]] == [usage]
    assert chunks[-1]["choices"] == []
    assert stream.summary.usage == usage
    assert (stream.summary.usage_source, stream.summary.finish_reason) == ("details", "length")
    assert stream.head.request_id == "req-1"


async def test_every_prompt_is_counted() -> None:
    """Several prompts are several calls: their tokens add up; without a wish no record comes."""
    invoker = ScriptedInvoker(streams=[whole("a", 2), whole("b", 3, prompt=5)])
    stream = await endpoint(invoker).stream("completion", PROMPTS, LIMITS)
    chunks = [chunk async for batch in stream for chunk in batch]
    await stream.aclose()
    assert texts(chunks) == {0: "a!", 1: "b!"}
    assert all(chunk["choices"] for chunk in chunks)
    assert stream.summary.usage == total(
        [
            {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6},
            {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
        ]
    )


async def test_a_failure_before_the_first_chunk_keeps_its_status() -> None:
    """Nothing was given yet: the error is the answer, and every call is given up."""
    invoker = ScriptedInvoker(streams=[[None], Throttled("slow down")])
    with pytest.raises(Throttled):
        await endpoint(invoker).stream("chat", {**ASK, "n": 2}, LIMITS)
    assert all(stream.closed.is_set() for stream in invoker.opened)


async def test_a_later_failure_ends_them_all() -> None:
    """One broken call breaks the answer, behind what came before it."""
    invoker = ScriptedInvoker(streams=[[token("a"), None], [token("b"), Throttled("slow down")]])
    stream = await endpoint(invoker).stream("chat", {**ASK, "n": 2}, LIMITS)
    chunks: list[Json] = []

    async def read() -> None:
        async for batch in stream:
            chunks.extend(batch)

    with pytest.raises(Throttled):
        await read()
    assert texts(chunks) == {0: "a", 1: "b"}
    assert [batch async for batch in stream] == []
    await stream.aclose()
    assert all(each.closed.is_set() for each in invoker.opened)


async def test_a_refusal_to_stream_is_faked_together() -> None:
    """Where the endpoint can't stream, the whole answers are cut, each under its index."""
    invoker = ScriptedInvoker(
        streams=[StreamingRefused("no")],
        replies=[[{"generated_text": text}] for text in ("a b", "c d")],
    )
    called = endpoint(invoker)
    stream = await called.stream("chat", {**ASK, "n": 2}, LIMITS)
    assert texts([chunk async for batch in stream for chunk in batch]) == {0: "a b", 1: "c d"}
    assert called.memory.refused


async def test_whole_answers_in_the_place_of_streams_are_remembered() -> None:
    """A container that ignores the wish is not asked for streams again."""
    document = orjson.dumps([{"generated_text": "a b"}])
    called = endpoint(ScriptedInvoker(streams=[[document]]))
    stream = await called.stream("chat", {**ASK, "n": 2}, LIMITS)
    assert texts([chunk async for batch in stream for chunk in batch]) == {0: "a b", 1: "a b"}
    assert called.memory.refused
    assert stream.summary.whole_document


async def test_a_client_that_leaves_closes_every_call() -> None:
    """Closing the stream closes every connection behind it."""
    invoker = ScriptedInvoker(streams=[[token("a"), None]])
    stream = await endpoint(invoker).stream("chat", {**ASK, "n": 3}, LIMITS)
    async with asyncio.timeout(10):
        assert texts(await anext(aiter(stream))) == {0: "a"}
        await stream.aclose()
        await stream.aclose()
    assert all(each.closed.is_set() for each in invoker.opened)


async def test_only_a_few_calls_are_under_way_at_once() -> None:
    """Many choices don't open many connections; all of them come in the end."""
    invoker = ScriptedInvoker(streams=[whole("a", 2)])
    stream = await endpoint(invoker).stream("chat", {**ASK, "n": 20}, LIMITS)
    assert sum(not each.closed.is_set() for each in invoker.opened) <= 8
    chunks = [chunk async for batch in stream for chunk in batch]
    assert texts(chunks) == dict.fromkeys(range(20), "a!")
    await stream.aclose()


def test_usage_records_add_up() -> None:
    """Numbers add, one level down too; a sum with an estimate in it is one."""
    one = {"prompt_tokens": 1, "details": {"cached": 1, "kind": "x"}, "other": None}
    two = {"prompt_tokens": 2, "details": {"cached": 2}, "estimated": True, "other": 3}
    assert total([one, two]) == {
        "prompt_tokens": 3,
        "details": {"cached": 3, "kind": "x"},
        "estimated": True,
        "other": 3,
    }


CHUNK: Json = {"id": "up", "created": 1, "choices": [{"index": 0, "text": "a"}]}
END: Json = {"id": "up", "created": 1, "choices": [{"index": 0, "text": "b", "finish_reason": "s"}]}
COUNTS = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_the_sum_is_the_only_record_without_choices(place: int) -> None:
    """Wherever a container puts its usage record, no text is taken for it, and none is lost."""
    records: list[Json] = [CHUNK, END]
    records.insert(place, {"id": "up", "created": 1, "choices": [], "usage": COUNTS})
    data = b"".join(b"data: " + orjson.dumps(each) + b"\n\n" for each in records)
    invoker = ScriptedInvoker(streams=[[data + b"data: [DONE]\n\n"]])
    asked = {**PROMPTS, "stream_options": {"include_usage": True}}
    stream = await endpoint(invoker, "openai").stream("completion", asked, LIMITS)
    chunks = [chunk async for batch in stream for chunk in batch]
    assert texts(chunks) == {0: "ab", 1: "ab"}
    assert [each["usage"] for each in chunks if not each["choices"]] == [total([COUNTS, COUNTS])]


async def test_a_call_that_is_cancelled_by_itself_is_a_failure() -> None:
    """A transport that gives a call up ends the answer with an error, never with silence."""
    parts = [token("a"), asyncio.CancelledError()]
    stream = await endpoint(ScriptedInvoker(streams=[parts])).stream(
        "chat", {**ASK, "n": 2}, LIMITS
    )

    async def read() -> None:
        async for _ in stream:
            pass

    async with asyncio.timeout(10):
        with pytest.raises(EndpointUnavailable):
            await read()


async def test_a_client_that_is_told_twice_to_leave_closes_every_call() -> None:
    """A second cancellation, as at a shutdown, leaves no connection open."""
    invoker = ScriptedInvoker(streams=[[token("a"), None]])
    stream = await endpoint(invoker).stream("chat", {**ASK, "n": 8}, LIMITS)
    closing = asyncio.ensure_future(stream.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    async with asyncio.timeout(10):
        for each in invoker.opened:
            await each.closed.wait()


async def test_a_failure_ends_the_calls_also_while_nobody_reads() -> None:
    """A slow reader keeps no call alive that belongs to a broken answer."""
    waiting = [[token("a"), None] for _ in range(7)]
    invoker = ScriptedInvoker(streams=[*waiting, [token("b"), Throttled("slow down")]])
    stream = await endpoint(invoker).stream("chat", {**ASK, "n": 8}, LIMITS)
    async with asyncio.timeout(10):
        for each in invoker.opened:
            await each.closed.wait()
    await stream.aclose()


async def test_a_closed_stream_has_ended() -> None:
    """Who reads on after closing is told the end."""
    invoker = ScriptedInvoker(streams=[[token("a"), None]])
    stream = await endpoint(invoker).stream("chat", {**ASK, "n": 2}, LIMITS)
    await anext(aiter(stream))
    await stream.aclose()
    assert [batch async for batch in stream] == []


async def test_several_texts_of_a_call_have_indexes_of_their_own() -> None:
    """What `num_return_sequences` multiplies stands behind the call before; more is an error."""
    invoker = ScriptedInvoker(streams=[[b'{"outputs":["a","b"]}\n'], [b'{"outputs":["c","d"]}\n']])
    called = endpoint(invoker, "huggingface")
    stream = await called.stream("completion", {**PROMPTS, "num_return_sequences": 2}, LIMITS)
    chunks = [chunk async for batch in stream for chunk in batch]
    assert texts(chunks) == {0: "a", 1: "b", 2: "c", 3: "d"}
    unasked = endpoint(ScriptedInvoker(streams=[[b'{"outputs":["a","b"]}\n']]), "huggingface")

    async def read() -> None:
        async for _ in await unasked.stream("completion", PROMPTS, LIMITS):
            pass

    with pytest.raises(MalformedReply):
        await read()
