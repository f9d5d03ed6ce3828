"""The endpoint: encode, invoke, decode; real, refused and fake streaming."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.answer_stream import AnswerStream
from adapters.base import Json, Limits, Origin, StreamMode, Summary, Task
from adapters.decoded_stream import DecodedStream
from adapters.endpoint import Endpoint
from adapters.endpoint_memory import EndpointMemory
from adapters.errors import (
    MalformedReply,
    ModelError,
    StreamingRefused,
    Throttled,
    UnsupportedTask,
)
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import HEAD, ScriptedInvoker, ScriptedStream

LIMITS = Limits()
TEXT = " Zwei  Wörter\n\n世界 and \u2003 more "
ASK: Json = {"model": "public-model", "messages": [{"role": "user", "content": "Hi"}]}


def endpoint(
    invoker: ScriptedInvoker, form: str = "huggingface", mode: StreamMode = "auto", **target: Any
) -> Endpoint:
    return Endpoint(
        id="d1",
        target=make_target(**target),
        format=formats.load(form),
        invoker=invoker,
        stream_mode=mode,
        memory=EndpointMemory(),
    )


def token(text: str, **more: Any) -> bytes:
    return b"data:" + orjson.dumps({"token": {"text": text}, **more}) + b"\n\n"


async def collect(stream: AnswerStream, into: list[Json] | None = None) -> list[Json]:
    chunks = [] if into is None else into
    async for batch in stream:
        chunks += batch
    return chunks


def text_of(chunks: list[Json]) -> str:
    return "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]
    )


async def test_a_call_goes_through_the_format_and_keeps_what_aws_said() -> None:
    """The answer carries the decoded body, the source of its counts and AWS's head."""
    invoker = ScriptedInvoker(replies=[[{"generated_text": "Hello"}]])
    answer = await endpoint(invoker, defaults={"top_k": 3}).call("chat", ASK, LIMITS)
    assert answer.body["choices"][0]["message"]["content"] == "Hello"
    assert answer.body["id"].startswith("chatcmpl-")
    assert (answer.head, answer.usage_source) == (HEAD, "estimate")
    assert invoker.bodies == [{"inputs": "Hi", "parameters": {"top_k": 3}}]


async def test_an_answers_id_is_made_of_the_gateways_own() -> None:
    """Whoever has an answer finds its line in the log; without such an id it gets one anew."""
    asked = endpoint(ScriptedInvoker(replies=[[{"generated_text": "x"}]] * 3))
    own, one, other = [
        (await asked.call("chat", ASK, LIMITS, origin)).body["id"]
        for origin in (Origin(id="12ab-34cd"), Origin(), Origin())
    ]
    assert own == "chatcmpl-12ab34cd"
    assert one != other


async def test_the_clients_parameters_win_over_the_configured_ones() -> None:
    """A default is only what a request gets that does not say otherwise."""
    invoker = ScriptedInvoker(replies=[[{"generated_text": "x"}]])
    called = endpoint(invoker, defaults={"temperature": 0.2, "top_p": 0.5})
    await called.call("chat", {**ASK, "temperature": 0.7}, LIMITS)
    assert invoker.bodies[0]["parameters"] == {"temperature": 0.7, "top_p": 0.5}


async def test_n_choices_are_asked_for_in_parallel_and_kept_in_order() -> None:
    """Where the container gives one choice a call, n calls give n choices."""
    invoker = ScriptedInvoker(replies=[[{"generated_text": text}] for text in "abcdefghijkl"])
    answer = await endpoint(invoker).call("chat", {**ASK, "n": 12}, LIMITS)
    said = [choice["message"]["content"] for choice in answer.body["choices"]]
    assert said == list("abcdefghijkl")


async def test_the_first_failure_of_several_calls_is_the_answer() -> None:
    """One failed choice fails the request; the other calls are given up."""
    invoker = ScriptedInvoker(replies=[None, Throttled("slow down"), None])
    with pytest.raises(Throttled):
        await endpoint(invoker).call("chat", {**ASK, "n": 3}, LIMITS)
    assert invoker.cancelled.is_set()


async def test_a_task_that_the_format_lacks_is_refused() -> None:
    """One place answers for every format what it does not have."""
    lacking: tuple[Task, ...] = ("embedding", "rerank")
    for task in lacking:
        with pytest.raises(UnsupportedTask):
            await endpoint(ScriptedInvoker(), "messages").call(task, ASK, LIMITS)
    with pytest.raises(UnsupportedTask):
        await endpoint(ScriptedInvoker()).stream("embedding", ASK, LIMITS)
    with pytest.raises(UnsupportedTask):
        await endpoint(ScriptedInvoker(), "hf_embed").stream("chat", ASK, LIMITS)


async def test_a_permitted_component_is_the_requests_and_not_in_the_body() -> None:
    """A client's `model_id`, where the proxy let it through, is the component of this call only."""
    invoker = ScriptedInvoker(replies=[[{"generated_text": "x"}]])
    await endpoint(invoker).call("chat", {**ASK, "model_id": "mine"}, LIMITS)
    _, target, _, _ = invoker.calls[0]
    assert target.inference_component == "mine"
    assert "model_id" not in invoker.bodies[0]["parameters"]


async def test_a_real_stream_has_its_first_chunks_before_it_is_given() -> None:
    """A failure before the first chunk is an exception of `stream`, with its own status."""
    invoker = ScriptedInvoker(streams=[[b"", b": ping\n\n", ModelError("bad", status=422)]])
    with pytest.raises(ModelError) as caught:
        await endpoint(invoker).stream("chat", ASK, LIMITS)
    assert caught.value.status == 422
    assert invoker.opened[0].closed.is_set()


async def test_a_failure_after_the_first_chunk_comes_behind_what_was_whole() -> None:
    """Chunks that arrived before a fault, even in the same read, are given before it is raised."""
    broken = token("a") + token("b") + b'data:{"error":"x","error_type":"generation"}\n\n'
    for parts in ([broken], [token("a"), token("b"), ModelError("x")]):
        stream = await endpoint(ScriptedInvoker(streams=[parts])).stream("chat", ASK, LIMITS)
        chunks: list[Json] = []
        with pytest.raises(ModelError):
            await collect(stream, into=chunks)
        assert text_of(chunks) == "ab"


@pytest.mark.parametrize("parts", [[], [b""], [b"\n\n"], [token("a")], [b"data: {"], [b"<html>"]])
async def test_a_stream_without_its_finish_mark_is_an_error(parts: list[Any]) -> None:
    """Silence, garbage and a cut stream are errors, never a clean end."""
    with pytest.raises(MalformedReply):
        await collect(await endpoint(ScriptedInvoker(streams=[parts])).stream("chat", ASK, LIMITS))


@pytest.mark.parametrize(
    "record", [{"choices": [7]}, {"choices": [{"delta": 7}]}, {"choices": [None]}]
)
async def test_a_record_with_the_right_keys_and_wrong_contents_is_502(record: Json) -> None:
    """A container's nonsense is the container's fault, not a crash of ours."""
    parts = [b"data: " + orjson.dumps(record) + b"\n\n"]
    invoker = ScriptedInvoker(
        streams=[parts], replies=[{"choices": [{"message": {"content": 7}, "finish_reason": []}]}]
    )
    with pytest.raises(MalformedReply):
        await endpoint(invoker, "messages").stream("chat", ASK, LIMITS)
    with pytest.raises(MalformedReply):
        await endpoint(invoker, "messages").call("chat", ASK, LIMITS)


async def test_an_endpoint_that_refuses_to_stream_is_faked_and_remembered() -> None:
    """After one refusal the next stream goes to the plain operation at once."""
    invoker = ScriptedInvoker(
        streams=[StreamingRefused("no")], replies=[[{"generated_text": TEXT}]]
    )
    called = endpoint(invoker)
    for _ in range(2):
        chunks = await collect(await called.stream("chat", ASK, LIMITS))
        assert text_of(chunks) == TEXT
        assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
        assert len(chunks) > 4
    assert invoker.operations == ["open_stream", "invoke", "invoke"]
    assert "stream" not in invoker.bodies[1]


async def test_a_refusal_counts_only_where_the_plain_call_works() -> None:
    """An endpoint that is not there is not one that can't stream."""
    invoker = ScriptedInvoker(
        streams=[StreamingRefused("no")], replies=[ModelError("gone", status=404)]
    )
    called = endpoint(invoker)
    with pytest.raises(ModelError):
        await called.stream("chat", ASK, LIMITS)
    assert not called.memory.refused


async def test_a_whole_document_is_cut_and_remembered() -> None:
    """A container that answers a streaming call with one document is not asked to stream again."""
    document = orjson.dumps([{"generated_text": TEXT}], option=orjson.OPT_INDENT_2)
    invoker = ScriptedInvoker(
        streams=[[document[:9], document[9:]]], replies=[[{"generated_text": TEXT}]]
    )
    called = endpoint(invoker)
    ask = {**ASK, "stream_options": {"include_usage": True}}
    first = await collect(await called.stream("chat", ask, LIMITS))
    second = await collect(await called.stream("chat", ask, LIMITS))
    assert text_of(first) == text_of(second) == TEXT
    assert first[-1]["usage"] == second[-1]["usage"]
    assert invoker.operations == ["open_stream", "invoke"]


async def test_every_failure_names_awss_request() -> None:
    """When support asks, the id of AWS's call is there, whoever found the fault."""
    invoker = ScriptedInvoker(
        replies=[{"surprise": 1}, {"choices": [{"message": {"content": 7}, "finish_reason": []}]}],
        streams=[[b"{}"], [MalformedReply("cut")]],
    )
    called = endpoint(invoker, "messages")
    for ask in (called.call, called.stream):
        for _ in range(2):
            with pytest.raises(MalformedReply) as caught:
                await ask("chat", ASK, LIMITS)
            assert caught.value.request_id == "req-1"


async def test_a_foreign_decoder_that_gives_nothing_is_an_error() -> None:
    """A format whose decoder ends without a word can't pass for an empty answer."""

    class Silent:
        summary = Summary()
        over = False

        def feed(self, data: bytes) -> Iterator[Json]:
            del data
            return iter(())

        def finish(self) -> Iterator[Json]:
            return iter(())

    stream = DecodedStream(ScriptedStream([b"x"]), Silent())
    with pytest.raises(MalformedReply):
        await stream.start()


async def test_stream_modes_are_obeyed() -> None:
    """`fake` never asks for a stream, `real` never hides a refusal."""
    answer = [{"generated_text": "a b"}]
    fake = ScriptedInvoker(replies=[answer])
    await collect(await endpoint(fake, mode="fake").stream("chat", ASK, LIMITS))
    assert fake.operations == ["invoke"]
    real = ScriptedInvoker(streams=[StreamingRefused("no")], replies=[answer])
    with pytest.raises(StreamingRefused):
        await endpoint(real, mode="real").stream("chat", ASK, LIMITS)
    with pytest.raises(StreamingRefused):
        await endpoint(real, mode="real").stream("chat", {**ASK, "n": 2}, LIMITS)


async def test_a_long_answer_is_cut_in_batches() -> None:
    """Faked chunks are given some at a time, and none is lost between."""
    text = " ".join(f"w{i}" for i in range(500))
    invoker = ScriptedInvoker(replies=[[{"generated_text": text}]])
    stream = await endpoint(invoker, mode="fake").stream("chat", ASK, LIMITS)
    batches = [batch async for batch in stream]
    await stream.aclose()
    assert len(batches) > 5
    assert text_of([chunk for batch in batches for chunk in batch]) == text


async def test_fake_streaming_keeps_tools_reasoning_and_unknown_fields() -> None:
    """Whatever the message held is in the deltas; tool calls get the index that clients need."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message: Json = {
        "role": "assistant",
        "content": None,
        "reasoning_content": "let me see",
        "tool_calls": [call],
        "annotations": [1],
    }
    body = {
        "id": "x",
        "system_fingerprint": "fp",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    invoker = ScriptedInvoker(replies=[body])
    chunks = await collect(await endpoint(invoker, "messages", "fake").stream("chat", ASK, LIMITS))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "let me see"
    assert deltas[-2] == {
        "tool_calls": [{"index": 0, **call}],
        "annotations": [1],
    }
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert all(chunk["system_fingerprint"] == "fp" for chunk in chunks)
    assert not any("usage" in chunk for chunk in chunks)


async def test_a_container_that_can_not_give_usage_is_not_asked_twice() -> None:
    """Usage is asked for by default; a container that answers 400 to that streams without it."""
    chunk = {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}
    parts = [b"data: " + orjson.dumps(chunk) + b"\n\n"]
    refusal = ModelError("extra fields not permitted: stream_options", status=400)
    invoker = ScriptedInvoker(streams=[refusal, parts])
    called = endpoint(invoker, "messages")
    for _ in range(2):
        assert text_of(await collect(await called.stream("chat", ASK, LIMITS))) == "a"
    asked = ["stream_options" in body for body in invoker.bodies]
    assert asked == [True, False, False]


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (ModelError("bad stream_options", status=400), {"stream_options": {"include_usage": True}}),
        (ModelError("bad top_p", status=400), {}),
        (ModelError("stream_options broke me", status=500), {}),
    ],
)
async def test_other_errors_are_not_taken_for_that(error: ModelError, more: Json) -> None:
    """What the client asked for itself, and every other error, reaches the client."""
    called = endpoint(ScriptedInvoker(streams=[error]), "messages")
    with pytest.raises(ModelError):
        await called.stream("chat", {**ASK, **more}, LIMITS)
    assert not called.memory.refuses_usage


@pytest.mark.parametrize("counts", [[1], "n/a", 7, {}])
@pytest.mark.parametrize("stream", [False, True])
async def test_usage_that_is_no_object_is_estimated(counts: object, stream: bool) -> None:
    """A container's odd usage record costs its counts, not the answer."""
    message = {"role": "assistant", "content": "a"}
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    chunk = {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}
    record = b"data: " + orjson.dumps({**chunk, "usage": counts}) + b"\n\n"
    called = endpoint(
        ScriptedInvoker(replies=[{**whole, "usage": counts}], streams=[[record]]), "messages"
    )
    if not stream:
        assert (await called.call("chat", ASK, LIMITS)).usage_source in {"estimate", "container"}
        return
    given = await called.stream("chat", ASK, LIMITS)
    await collect(given)
    assert isinstance(given.summary.usage, dict)


async def test_content_in_parts_is_cut_as_it_is() -> None:
    """A whole answer whose content is a list of parts keeps it, in one delta."""
    parts = [{"type": "text", "text": "a"}]
    body = {"choices": [{"message": {"content": parts}}], "usage": {"total_tokens": 1}}
    invoker = ScriptedInvoker(replies=[body])
    chunks = await collect(await endpoint(invoker, "messages", "fake").stream("chat", ASK, LIMITS))
    assert [c["choices"][0]["delta"] for c in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": parts},
        {},
    ]


async def test_an_answer_that_can_not_be_cut_is_502() -> None:
    """A faked stream of nonsense fails before its first chunk, with a status."""
    body = {"choices": [{"index": 0, "message": {"tool_calls": [7]}}], "usage": {}}
    invoker = ScriptedInvoker(replies=[body])
    with pytest.raises(MalformedReply):
        await endpoint(invoker, "messages", "fake").stream("chat", ASK, LIMITS)


async def test_the_memory_of_a_refusal_fades() -> None:
    """Endpoints get updated: after an hour streaming is tried again."""
    memory = EndpointMemory()
    assert not memory.refused
    memory.refuse()
    assert memory.refused
    assert not replace(memory, refused_until=memory.refused_until - 3601).refused
