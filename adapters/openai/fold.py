"""A stream's chunks folded into one whole answer: what the plain call would have said.

Knows how deltas add up; the reverse of an answer cut into chunks. Refuses to know who streams.
Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from adapters.base import Json

#: What a chunk's `object` becomes.
_KINDS: Final = {"chat.completion.chunk": "chat.completion", "text_completion": "text_completion"}
#: Of a chunk, what is not simply kept.
_OWN: Final = frozenset({"choices", "object", "usage"})
#: Texts that are told once, or again with each chunk, and never in pieces.
_TOLD: Final = frozenset({"finish_reason", "id", "name", "role", "type"})


class Fold:
    """Takes chunks in their order; gives the answer that they are."""

    def __init__(self) -> None:
        self._head: Json = {}
        self._kind = ""
        self._choices: dict[int, Json] = {}

    def add(self, chunks: Iterable[Json]) -> None:
        """Take some chunks."""
        for chunk in chunks:
            self._kind = _KINDS[chunk["object"]]
            for name, value in chunk.items():
                if name not in _OWN and (value is not None or name not in self._head):
                    self._head[name] = value
            for choice in chunk["choices"]:
                index = choice["index"]
                self._choices[index] = _joined(self._choices.get(index, {}), choice)

    def answer(self, usage: Json | None) -> Json:
        """Give the whole answer.

        Args:
            usage: What the stream has counted.
        """
        finish = _chat_choice if self._kind == "chat.completion" else _text_choice
        return {
            **self._head,
            "object": self._kind,
            "choices": [finish(self._choices[index]) for index in sorted(self._choices)],
            "usage": usage,
        }


def _chat_choice(choice: Json) -> Json:
    message = choice.pop("delta", {})
    calls = message.get("tool_calls")
    if calls:
        message["tool_calls"] = [_without_index(call) for call in calls]
    # A message that only calls tools has no content; one that says nothing has an empty one.
    content = message.get("content") or (None if calls or "function_call" in message else "")
    message = {"role": "assistant", **message, "content": content}
    message.setdefault("refusal", None)
    rest = {"logprobs": None, "finish_reason": None, **choice}
    return {"index": rest.pop("index"), "message": message, **rest}


def _text_choice(choice: Json) -> Json:
    return {"text": "", "logprobs": None, "finish_reason": None, **choice}


def _without_index(call: Json) -> Json:
    return {name: value for name, value in call.items() if name != "index"}


def _joined(one: Json, other: Json) -> Json:
    """Give two pieces of an object as one: texts and lists go on, the rest is told anew."""
    joined = dict(one)
    for name, value in other.items():
        joined[name] = _continued(name, joined.get(name), value)
    return joined


def _continued(name: str, before: Any, value: Any) -> Any:
    if before is None or value is None:
        return before if value is None else value
    if isinstance(before, dict) and isinstance(value, dict):
        return _joined(before, value)
    if isinstance(before, list) and isinstance(value, list):
        return _lengthened(before, value)
    if isinstance(before, str) and isinstance(value, str) and name not in _TOLD:
        return before + value
    return value


def _lengthened(before: list[Any], more: list[Any]) -> list[Any]:
    """Give a list continued: items with an index stand at it, as tool calls do."""
    if not all(isinstance(item, dict) and type(item.get("index")) is int for item in more):
        return before + more
    by_index = {item["index"]: item for item in before}
    for item in more:
        by_index[item["index"]] = _joined(by_index.get(item["index"], {}), item)
    return [by_index[index] for index in sorted(by_index)]
