"""Whole answers out of a stream: when, with what result, and what if the endpoint can't."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.base import Collect, Json, Limits, StreamMode
from adapters.endpoint import Endpoint
from adapters.errors import GatewayError, MalformedReply, ModelTimeout, StreamingRefused, Throttled
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker

LIMITS = Limits()
ASK: Json = {"model": "public-model", "messages": [{"role": "user", "content": "Hi"}]}
CHUNKS = (
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "He"}}]},
    {"choices": [{"index": 0, "delta": {"content": "llo"}, "finish_reason": "length"}]},
    {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}},
)
STREAM = [
    b"".join(b"data: " + orjson.dumps(each) + b"\n\n" for each in CHUNKS) + b"data: [DONE]\n\n"
]
WHOLE = {
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello"},
            "finish_reason": "length",
        }
    ],
    "usage": CHUNKS[2]["usage"],
}
TEXT_STREAM = [b'{"token": {"text": "Hello"}, "generated_text": "Hello"}\n']


def endpoint(
    invoker: ScriptedInvoker, collect: Collect, form: str = "messages", mode: StreamMode = "auto"
) -> Endpoint:
    return Endpoint(
        id="d1",
        target=make_target(),
        format=formats.load(form),
        invoker=invoker,
        collect=collect,
        stream_mode=mode,
    )


def said(body: Json) -> dict[str, Any]:
    choice = body["choices"][0]
    return {
        "message": choice["message"],
        "finish_reason": choice["finish_reason"],
        "usage": body["usage"],
    }


async def test_a_collected_answer_is_the_plain_ones() -> None:
    """Content, finish reason and usage are those of the plain call, and so is the shape."""
    plain = await endpoint(ScriptedInvoker(replies=[WHOLE]), "never").call("chat", ASK, LIMITS)
    invoker = ScriptedInvoker(streams=[STREAM])
    collected = await endpoint(invoker, "always").call("chat", ASK, LIMITS)
    assert said(collected.body) == said(plain.body)
    assert collected.body["object"] == "chat.completion"
    assert (collected.usage_source, collected.head) == (plain.usage_source, plain.head)
    assert invoker.operations == ["open_stream"]
    assert invoker.opened[0].closed.is_set()


async def test_only_a_deployment_that_met_the_limit_is_collected_from() -> None:
    """`auto` calls plainly until SageMaker's 60 seconds were too short, and then collects."""
    invoker = ScriptedInvoker(replies=[WHOLE, ModelTimeout("late"), WHOLE], streams=[STREAM])
    called = endpoint(invoker, "auto")
    await called.call("chat", ASK, LIMITS)
    with pytest.raises(ModelTimeout):
        await called.call("chat", ASK, LIMITS)
    answer = await called.call("chat", ASK, LIMITS)
    assert invoker.operations == ["invoke", "invoke", "open_stream"]
    assert answer.body["choices"][0]["message"]["content"] == "Hello"


async def test_never_is_never() -> None:
    """`never` keeps to plain calls, whatever happened."""
    invoker = ScriptedInvoker(replies=[ModelTimeout("late"), WHOLE])
    called = endpoint(invoker, "never")
    with pytest.raises(ModelTimeout):
        await called.call("chat", ASK, LIMITS)
    await called.call("chat", ASK, LIMITS)
    assert invoker.operations == ["invoke", "invoke"]


async def test_an_endpoint_that_can_not_stream_is_called_plainly() -> None:
    """A refusal to stream costs one attempt, and is remembered."""
    invoker = ScriptedInvoker(replies=[WHOLE], streams=[StreamingRefused("no")])
    called = endpoint(invoker, "always")
    for _ in range(2):
        answer = await called.call("chat", ASK, LIMITS)
        assert answer.body["choices"][0]["message"]["content"] == "Hello"
    assert invoker.operations == ["open_stream", "invoke", "invoke"]
    faked = ScriptedInvoker(replies=[WHOLE])
    await endpoint(faked, "always", mode="fake").call("chat", ASK, LIMITS)
    assert faked.operations == ["invoke"]


async def test_what_is_no_text_is_never_collected() -> None:
    """Embeddings have no stream."""
    invoker = ScriptedInvoker(replies=[[[0.5]]])
    called = endpoint(invoker, "always", form="hf_embed")
    await called.call("embedding", {"model": "m", "input": "a"}, LIMITS)
    assert invoker.operations == ["invoke"]


async def test_text_dialects_and_several_choices_fold_alike() -> None:
    """Text containers and requests that take several calls are collected, too."""
    invoker = ScriptedInvoker(streams=[TEXT_STREAM])
    answer = await endpoint(invoker, "always", form="tgi").call("chat", {**ASK, "n": 2}, LIMITS)
    assert [each["message"]["content"] for each in answer.body["choices"]] == ["Hello", "Hello"]
    completion = await endpoint(ScriptedInvoker(streams=[TEXT_STREAM]), "always", form="tgi").call(
        "completion", {"model": "m", "prompt": "Hi"}, LIMITS
    )
    assert completion.body["object"] == "text_completion"
    assert completion.body["choices"][0]["text"] == "Hello"


@pytest.mark.parametrize("error", [Throttled("slow"), MalformedReply("cut")])
async def test_a_broken_stream_is_an_error_with_its_status(error: GatewayError) -> None:
    """Nothing of half an answer is given."""
    invoker = ScriptedInvoker(streams=[[STREAM[0][:90], error]])
    with pytest.raises(type(error)):
        await endpoint(invoker, "always").call("chat", ASK, LIMITS)
    assert invoker.opened[0].closed.is_set()


async def test_a_refused_stream_is_asked_for_once() -> None:
    """A faked stream goes straight to the plain call: nothing is collected to be cut again."""
    invoker = ScriptedInvoker(replies=[WHOLE], streams=[StreamingRefused("no")])
    called = endpoint(invoker, "always")
    stream = await called.stream("chat", ASK, LIMITS)
    assert [batch async for batch in stream]
    assert invoker.operations == ["open_stream", "invoke"]


async def test_a_refusal_counts_only_once_the_plain_call_has_worked() -> None:
    """An endpoint that is down altogether is not remembered as one that can't stream."""
    invoker = ScriptedInvoker(replies=[Throttled("slow")], streams=[StreamingRefused("no")])
    called = endpoint(invoker, "always")
    with pytest.raises(Throttled):
        await called.call("chat", ASK, LIMITS)
    assert not called.memory.refused
