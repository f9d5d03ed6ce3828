"""Deep JSON of a container: an error of the container's, wherever it stands."""

from __future__ import annotations

import pytest

from adapters import formats
from adapters.base import Json, Limits, StreamMode
from adapters.complaint import Complaint, read_text
from adapters.endpoint import Endpoint
from adapters.errors import MalformedReply
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker

ASK: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
LIMITS = Limits()


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def endpoint(invoker: ScriptedInvoker, mode: StreamMode = "auto") -> Endpoint:
    return Endpoint(
        id="d1",
        target=make_target(),
        format=formats.load("messages"),
        invoker=invoker,
        stream_mode=mode,
    )


@pytest.mark.parametrize("levels", [300, 900])
@pytest.mark.parametrize("key", [b"error", b"choices"])
async def test_a_deep_answer_is_502(levels: int, key: bytes) -> None:
    """What can't be followed, or not be written again, is a malformed reply and no crash."""
    body = b'{"' + key + b'":' + deep(levels) + b"}"
    invoker = ScriptedInvoker(replies=[body], streams=[[body + b"\n"]])
    with pytest.raises(MalformedReply):
        await endpoint(invoker).call("chat", ASK, LIMITS)
    with pytest.raises(MalformedReply):
        await endpoint(invoker).stream("chat", ASK, LIMITS)


async def test_a_deep_record_comes_behind_what_was_whole() -> None:
    """The chunks that came in the same read are given before the error."""
    good = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    bad = b'data: {"choices":[{"index":0,"delta":{},"x":' + deep(300) + b"}]}\n\n"
    stream = await endpoint(ScriptedInvoker(streams=[[good + bad]])).stream("chat", ASK, LIMITS)
    chunks = await anext(aiter(stream))
    with pytest.raises(MalformedReply):
        await anext(aiter(stream))
    assert [chunk["choices"][0]["delta"]["content"] for chunk in chunks] == ["a"]


def test_a_deep_error_body_says_nothing() -> None:
    """AWS quotes up to 2048 characters of a container's error: room for a thousand levels."""
    assert read_text('{"error":' + deep(900).decode() + "}") == Complaint()


async def test_many_brackets_are_not_depth() -> None:
    """A long answer whose parts lie side by side is read."""
    calls = [{"id": str(number), "function": {"arguments": "{[{["}} for number in range(200)]
    reply = {"choices": [{"message": {"content": None, "tool_calls": calls}}]}
    answer = await endpoint(ScriptedInvoker(replies=[reply])).call("chat", ASK, LIMITS)
    assert answer.body["choices"][0]["message"]["tool_calls"] == calls
