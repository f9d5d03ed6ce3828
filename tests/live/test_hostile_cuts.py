"""Streams cut where no client should have to expect it: not one byte is lost."""

from typing import Any

import pytest

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, Stream

MODELS = ("tgi-hostile", "chat-hostile", "lines-hostile")
CUTS = ("every_byte", "coalesced", "utf8_split", "empty_parts", "random:1", "random:2")


def assert_whole(stream: Stream, text: str, model: str, *, opens: bool = True) -> None:
    """The stream is OpenAI's: role first, deltas, one finish, `[DONE]` last, one id throughout.

    Chunks of a chat container pass as they are: unless it `opens`, its first text has the role.
    """
    assert stream.status == 200
    assert stream.done
    chunks = stream.chunks
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk["model"] for chunk in chunks} == {model}
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1
    deltas = stream.deltas()
    assert deltas[0]["role"] == "assistant"
    assert bool(deltas[0]["content"]) is not opens
    assert all("role" not in delta for delta in deltas[1:])
    assert stream.text() == text
    assert stream.finishes() == ["stop"]
    assert stream.chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert all("finish_reason" in choice for chunk in chunks for choice in chunk["choices"])
    assert all("usage" not in chunk for chunk in chunks)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cuts", CUTS)
def test_no_byte_is_lost(gateway: Gateway, emulated: Emulated, model: str, cuts: str) -> None:
    """However parts and frames are cut, the deltas joined are the whole answer's text (F5)."""
    whole = gateway.text(model)
    assert whole == serving.HOSTILE
    emulated.fault(model, "cuts", cuts=cuts)

    assert_whole(gateway.stream(model), whole, model)
    assert emulated.operations()[-1] == "stream"


@pytest.mark.parametrize("model", MODELS)
def test_headers_of_a_stream(gateway: Gateway, model: str) -> None:
    """A stream is `text/event-stream`, not to be stored and not to be buffered."""
    headers = gateway.stream(model).headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "no-cache" in headers["cache-control"]
    assert headers["x-accel-buffering"] == "no"
    assert "content-length" not in headers


@pytest.mark.parametrize("model", ["tgi", "chat", "lines"])
@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, False),
        ({"stream_options": None}, False),
        ({"stream_options": {}}, False),
        ({"stream_options": {"include_usage": False}}, False),
        ({"stream_options": {"include_usage": True}}, True),
    ],
)
def test_usage_only_when_asked(
    gateway: Gateway,
    model: str,
    options: dict[str, Any],
    wanted: bool,
) -> None:
    """The usage record is the last chunk, with `choices: []`, exactly when asked for (F11)."""
    stream = gateway.stream(model, **options)

    records = [chunk for chunk in stream.chunks if chunk.get("usage")]
    assert stream.done
    assert len(records) == wanted
    if wanted:
        assert records == stream.chunks[-1:]
        assert records[0]["choices"] == []
        usage = records[0]["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    else:
        assert all(chunk["choices"] for chunk in stream.chunks)


@pytest.mark.parametrize("model", ["chat", "lines", "tgi-explicit"])
def test_counts_agree(gateway: Gateway, model: str) -> None:
    """Stream and whole answer count the same, and both say `length` (compat B22, B23)."""
    whole = gateway.chat(model, max_tokens=3).json()
    stream = gateway.stream(model, max_tokens=3, stream_options={"include_usage": True})

    streamed = stream.chunks[-1]["usage"]
    assert stream.finishes() == [whole["choices"][0]["finish_reason"]] == ["length"]
    assert streamed["completion_tokens"] == whole["usage"]["completion_tokens"] == 3
    assert stream.text() == whole["choices"][0]["message"]["content"]


@pytest.mark.parametrize("model", ["tgi-ping", "tgi-ping-explicit"])
def test_a_text_that_repeats_the_prompt(gateway: Gateway, model: str) -> None:
    """An answer that begins with the prompt's words reads the same whole and streamed."""
    ping = [{"role": "user", "content": "ping"}]

    streamed = gateway.stream(model, messages=ping).text()

    assert gateway.text(model, messages=ping) == streamed == "ping pong"


@pytest.mark.parametrize("cuts", CUTS)
def test_tools_and_choices_survive(gateway: Gateway, emulated: Emulated, cuts: str) -> None:
    """Tool calls in parts, two choices in turns, reasoning: all as the container sent it (F12)."""
    emulated.fault("chat", "cuts", cuts=cuts)
    tools = [
        {
            "type": "function",
            "function": {
                "name": name,
                "parameters": {"type": "object", "properties": {"city": {"const": "Köln 🌍"}}},
            },
        }
        for name in ("first", "second")
    ]
    ask = [{"role": "user", "content": "Call the tools"}]

    stream = gateway.stream("chat", messages=ask, tools=tools, n=2)

    for index in (0, 1):
        assert stream.finishes(index) == ["tool_calls"]
        parts = [call for delta in stream.deltas(index) for call in delta.get("tool_calls", ())]
        for number, name in enumerate(("first", "second")):
            mine = [part for part in parts if part["index"] == number]
            assert mine[0]["function"]["name"] == name
            assert mine[0]["id"]
            said = "".join(part["function"]["arguments"] for part in mine)
            assert said == '{"city":"Köln 🌍"}'
    assert stream.done


def test_reasoning_is_offered_under_both_names(gateway: Gateway) -> None:
    """A container's reasoning arrives as `reasoning_content`, whole and streamed."""
    ask = [{"role": "user", "content": "Think first."}]

    message = gateway.chat("chat", messages=ask).json()["choices"][0]["message"]
    deltas = gateway.stream("chat", messages=ask).deltas()

    said = "".join(delta.get("reasoning_content") or "" for delta in deltas)
    assert said == message["reasoning_content"] != ""
