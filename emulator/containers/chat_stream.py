"""The streams of the OpenAI Messages API: chunks, as server-sent events or as JSON lines.

Knows the order that vLLM keeps: roles, reasoning, text or tool calls, finish reasons, usage.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import orjson

from emulator.containers.base import Answer, sse
from emulator.containers.chat_choice import Choice, logprobs, usage
from emulator.containers.chat_request import ChatRequest
from emulator.containers.text import tokens

Content = dict[str, Any]


def framed(chunks: Iterable[Content], framing: str) -> Answer:
    """Puts chunks on the wire: events that end with `[DONE]`, or plain lines."""
    if framing == "jsonlines":
        lines = (orjson.dumps(chunk) + b"\n" for chunk in chunks)
        return Answer(records=lines, content_type="application/jsonlines")
    return Answer(records=_events(chunks), content_type="text/event-stream; charset=utf-8")


def chunks(
    head: Content, chat: ChatRequest, choices: Sequence[Choice], reasoning_field: str
) -> Iterator[Content]:
    """Every chunk of a stream; those of several choices take turns."""
    base = {**head, "object": "chat.completion.chunk"}
    streams = [_choice_chunks(chat.body, choice, reasoning_field) for choice in choices]
    for turn in zip_longest(*streams):
        for content in turn:
            if content is not None:
                yield {**base, "choices": [content]}
    if chat.wants_usage:
        yield {**base, "choices": [], "usage": usage(chat, choices)}


def _events(chunks: Iterable[Content]) -> Iterator[bytes]:
    for chunk in chunks:
        yield sse(chunk)
    yield b"data: [DONE]\n\n"


def _choice_chunks(
    body: Mapping[str, Any], choice: Choice, reasoning_field: str
) -> Iterator[Content]:
    yield _delta(choice, {"role": "assistant", "content": ""})
    for piece in choice.reasoning:
        yield _delta(choice, {reasoning_field: piece})
    for piece in choice.pieces:
        yield _delta(choice, {"content": piece}, logprobs=logprobs(body, [piece]))
    for number, call in enumerate(choice.calls):
        for part in _call_parts(call):
            yield _delta(choice, {"tool_calls": [{"index": number, **part}]})
    yield _delta(choice, {"content": ""}, finish_reason=choice.finish_reason, stop_reason=None)


def _call_parts(call: Mapping[str, Any]) -> Iterator[Content]:
    """A call's id and name first, then its arguments bit by bit."""
    function = call["function"]
    yield {**call, "function": {"name": function["name"], "arguments": ""}}
    for piece in tokens(function["arguments"]):
        yield {"function": {"arguments": piece}}


def _delta(choice: Choice, delta: Content, **more: Any) -> Content:
    return {
        "index": choice.index,
        "delta": delta,
        "logprobs": None,
        "finish_reason": None,
        **more,
    }
