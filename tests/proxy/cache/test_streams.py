"""Streams are kept as the answers that they were, and answers are given as streams."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from adapters.answer_stream import Batches, batches_of
from adapters.base import Json
from adapters.errors import ModelError
from tests.proxy.cache.scripted import (
    BATCHES,
    PARAMS,
    STREAM,
    USAGE,
    ScriptedModel,
    ScriptedStream,
    Stage,
    a_call,
    chat_answer,
    chunk,
    text,
)

WITH_USAGE: Json = {**STREAM, "stream_options": {"include_usage": True}}


async def test_a_stream_is_given_again() -> None:
    """The second stream has the first one's text, id and time; the model is asked once."""
    stage = Stage()
    first, missed = await stage.read()
    again, hit = await stage.read()
    assert first == [each for batch in BATCHES for each in batch]
    assert text(again) == "Hello there"
    assert again[-1]["choices"][0]["finish_reason"] == "stop"
    assert {(each["id"], each["created"]) for each in again} == {("chatcmpl-2", 8)}
    assert (missed.cache, hit.cache) == ("miss", "hit")
    assert stage.asked == 1


async def test_streams_and_whole_answers_find_each_others() -> None:
    """A whole answer comes of a kept stream, and a stream of a kept answer."""
    streamed = Stage()
    await streamed.read()
    answer, call = await streamed.ask()
    assert call.cache == "hit"
    assert answer.body["object"] == "chat.completion"
    assert answer.body["choices"][0]["message"]["content"] == "Hello there"
    assert answer.body["usage"] == USAGE
    whole = Stage()
    await whole.ask()
    chunks, call = await whole.read()
    assert call.cache == "hit"
    assert text(chunks) == "Hello there"


@pytest.mark.parametrize("params", [STREAM, WITH_USAGE])
async def test_usage_comes_exactly_when_asked_for(params: Json) -> None:
    """A stream from the cache has a usage record where the request wants one, and none else."""
    stage = Stage()
    await stage.ask()
    chunks, _ = await stage.read(params)
    records = [each["usage"] for each in chunks if each.get("usage")]
    assert records == ([USAGE] if params is WITH_USAGE else [])


async def test_running_counts_are_not_cached() -> None:
    """Counts in every chunk can't be told from the whole, so such streams pass by."""
    stage = Stage()
    params = {**STREAM, "stream_options": {"continuous_usage_stats": True}}
    for _ in range(2):
        _, call = await stage.read(params)
        assert call.cache == "bypass"
    assert stage.asked == 2


async def test_a_stream_that_breaks_off_is_not_kept() -> None:
    """Half an answer is no answer: the next request asks the model."""
    stage = Stage(ScriptedModel(streams=[[BATCHES[0], ModelError("boom", status=500)], BATCHES]))
    with pytest.raises(ModelError):
        await stage.read()
    _, call = await stage.read()
    assert call.cache == "miss"
    _, call = await stage.read()
    assert call.cache == "hit"


async def test_a_stream_that_was_left_is_not_kept() -> None:
    """A client that leaves early closes the model's stream, and leaves nothing behind."""
    stage = Stage()
    stream = await stage.model.stream(a_call(stream=True), STREAM)
    await anext(aiter(stream))
    await stream.aclose()
    assert stage.inner.given[0].closed == 1
    _, call = await stage.read()
    assert call.cache == "miss"


async def test_an_error_before_the_first_chunk_is_an_error() -> None:
    """What fails before it streams fails as it does without a cache."""
    stage = Stage(ScriptedModel(streams=[ModelError("boom", status=500)]))
    with pytest.raises(ModelError):
        await stage.read()


@pytest.mark.parametrize(
    "stream",
    [
        ScriptedStream(BATCHES, usage=None),
        ScriptedStream([*BATCHES, [{"object": "new.kind", "choices": []}]]),
        ScriptedStream([[{**chunk({}), "choices": [{"index": [], "delta": {}}]}], BATCHES[1]]),
        ScriptedStream([[{**chunk({}), "choices": [{"index": 0, "delta": "text"}]}]]),
        ScriptedStream([]),
    ],
)
async def test_what_can_not_be_folded_is_given_and_not_kept(stream: ScriptedStream) -> None:
    """A stream without counts, or of an odd shape, reaches its client whole; nothing is kept."""
    given = [each for batch in stream.batches for each in batch]
    stage = Stage(ScriptedModel(streams=[stream, BATCHES]))
    chunks, _ = await stage.read()
    assert chunks == given
    _, call = await stage.ask()
    assert call.cache == "miss"


async def test_the_end_is_told_again_and_kept_once() -> None:
    """Asked beyond its end, a stream says again that it is over, and keeps nothing anew."""
    stage = Stage()
    stream = aiter(await stage.model.stream(a_call(stream=True), STREAM))
    batches = [batch async for batch in stream]
    assert len(batches) == 2
    assert stage.store is not None
    await stage.store.clear()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    _, call = await stage.ask()
    assert call.cache == "miss"


async def events_of(stream: Batches) -> list[bytes]:
    events: list[bytes] = []
    with suppress(StopAsyncIteration):
        while True:
            events.append(stream.take_events() or b"")
            await stream.more()
    return [each for each in events if each]


async def test_a_stream_that_is_written_as_events_is_kept_as_well() -> None:
    """Its answer is handed over before it says that it is over, and once."""
    stage = Stage()
    stream = batches_of(await stage.model.stream(a_call(stream=True), STREAM))
    events = await events_of(stream)
    with pytest.raises(StopAsyncIteration):
        stream.take_events()
    assert events
    assert all(each.startswith(b"data: {") for each in events)
    _, call = await stage.ask()
    assert call.cache == "hit"


async def test_the_client_sees_the_models_stream() -> None:
    """What AWS and the stream say about a new answer passes through."""
    stage = Stage()
    stream = await stage.model.stream(a_call(stream=True), STREAM)
    assert stream.head.request_id == "req-1"
    assert stream.summary.usage == USAGE
    await stream.aclose()


async def test_a_streamed_hit_is_reported_once_when_it_is_closed() -> None:
    """A stream from the cache reports its call at its end: as ok, or as gone."""
    stage = Stage()
    await stage.ask()
    call = a_call(stream=True)
    stream = await stage.model.stream(call, STREAM)
    assert stage.reported == []
    assert (stream.head.request_id, stream.summary.usage) == ("", USAGE)
    assert [batch async for batch in stream]
    await stream.aclose()
    await stream.aclose()
    assert stage.reported == [call]
    assert (call.outcome, call.usage, call.deployment) == ("ok", None, None)
    left = a_call(stream=True)
    await (await stage.model.stream(left, STREAM)).aclose()
    assert stage.reported == [call, left]
    assert left.outcome == "gone"


async def test_a_kept_answer_that_can_not_be_cut_is_a_miss() -> None:
    """An entry that is no chat answer never becomes a broken stream."""
    stage = Stage(ScriptedModel(answers=[chat_answer(choices="odd"), chat_answer()]))
    await stage.ask()
    chunks, call = await stage.read()
    assert call.cache == "miss"
    assert text(chunks) == "Hello there"


#: Whole answers whose parts are many: as they are, and what a chunk of them is.
TOOLS = [
    {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": "look", "arguments": '{"at": "Köln"}'},
    }
    for number in (1, 2)
]
LOGPROBS = {
    "content": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}],
    "refusal": None,
}


def choice(index: int, finish: str, message: Json, logprobs: Any = None) -> Json:
    message = {"role": "assistant", "content": None, "refusal": None, **message}
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish}


@pytest.mark.parametrize(
    "choices",
    [
        [choice(0, "stop", {"content": "one"}), choice(1, "length", {"content": "two words"})],
        [choice(0, "tool_calls", {"tool_calls": TOOLS})],
        [choice(0, "stop", {"content": "Hi"}, LOGPROBS)],
        [choice(0, "stop", {"content": "so", "reasoning_content": "because of"})],
    ],
)
async def test_the_whole_of_an_answer_survives_both_ways(choices: list[Json]) -> None:
    """Choices, tools, log probabilities and reasoning are the same after streams from the cache.

    A stream of the kept answer, kept by another cache, gives the answer that it was.
    """
    first = Stage(ScriptedModel(answers=[chat_answer(choices=choices)]))
    original, _ = await first.ask()
    chunks, _ = await first.read()
    second = Stage(ScriptedModel(streams=[[chunks]]))
    await second.read()
    folded, call = await second.ask(PARAMS)
    assert call.cache == "hit"
    assert _without_nulls(folded.body) == _without_nulls(original.body)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


async def test_completions_stream_too() -> None:
    """A kept completion is given as a stream of completions."""
    body = {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 7,
        "model": "m",
        "choices": [{"index": 0, "text": "a b", "logprobs": None, "finish_reason": "stop"}],
        "usage": USAGE,
    }
    answer = chat_answer()
    stage = Stage(ScriptedModel(answers=[type(answer)(body, "container", answer.head)]))
    params = {"model": "m", "prompt": "x"}
    await stage.ask(params, a_call("completion"))
    chunks, call = await stage.read({**params, "stream": True}, a_call("completion", stream=True))
    assert call.cache == "hit"
    assert "".join(each["choices"][0]["text"] for each in chunks) == "a b"
