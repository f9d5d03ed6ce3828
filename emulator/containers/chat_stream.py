"""The chunks of a chat's stream, in the order that vLLM keeps.

Roles, reasoning, text or tool calls, finish reasons, usage.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.containers import openai_body
from emulator.containers.chat_choice import Choice, logprobs, usage
from emulator.containers.chat_request import ChatRequest
from emulator.containers.framing import in_turns
from emulator.containers.text import tokens

Content = dict[str, Any]


def chunks(
    head: Content, chat: ChatRequest, choices: Sequence[Choice], reasoning_field: str
) -> Iterator[Content]:
    """Every chunk of a stream; those of several choices take turns."""
    base = {**head, "object": "chat.completion.chunk"}
    for content in in_turns(_choice_chunks(chat.body, each, reasoning_field) for each in choices):
        yield {**base, "choices": [content]}
    if openai_body.wants_usage(chat.body):
        yield {**base, "choices": [], "usage": usage(chat, choices)}


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
