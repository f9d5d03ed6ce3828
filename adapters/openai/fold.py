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
                _join(self._choices.setdefault(choice["index"], {}), choice)

    def answer(self, usage: Json | None) -> Json:
        """Give the whole answer.

        Args:
            usage: What the stream has counted.
        """
        finish = _chat_choice if self._kind == "chat.completion" else _text_choice
        return {
            **self._head,
            "object": self._kind,
            "choices": [finish(_whole(self._choices[index])) for index in sorted(self._choices)],
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


class _Pieces(list[str]):
    """A text that comes in pieces: put together once, whatever their number."""


class _Items(list[Any]):
    """A list that goes on."""


class _ByIndex(dict[int, Json]):
    """A list whose items say at which index they stand, as tool calls do."""


def _join(before: Json, more: Json) -> None:
    """Continue an object: texts and lists go on, the rest is told anew."""
    for name, value in more.items():
        if value is not None or name not in before:
            before[name] = _continued(name, before.get(name), value)


def _continued(name: str, before: Any, value: Any) -> Any:
    """Give what a value has become; what was gathered here is continued in its place."""
    if isinstance(value, str) and name not in _TOLD:
        pieces = before if isinstance(before, _Pieces) else _Pieces()
        pieces.append(value)
        return pieces
    if isinstance(value, dict):
        gathered = before if isinstance(before, dict) else {}
        _join(gathered, value)
        return gathered
    if isinstance(value, list):
        return _more_items(before or _Items(), value)
    return value


def _more_items(before: _Items | _ByIndex, more: list[Any]) -> _Items | _ByIndex:
    if more and _have_indices(more) and (isinstance(before, _ByIndex) or not before):
        items = before if isinstance(before, _ByIndex) else _ByIndex()
        for item in more:
            _join(items.setdefault(item["index"], {}), item)
        return items
    listed = before if isinstance(before, _Items) else _Items(_whole(before))
    listed.extend(more)
    return listed


def _have_indices(items: list[Any]) -> bool:
    return all(isinstance(item, dict) and type(item.get("index")) is int for item in items)


def _whole(part: Any) -> Any:
    """Give what was gathered in the shape of an answer."""
    if isinstance(part, _Pieces):
        return "".join(part)
    if isinstance(part, _Items):
        return list(part)
    if isinstance(part, _ByIndex):
        return [_whole(part[index]) for index in sorted(part)]
    if isinstance(part, dict):
        return {name: _whole(value) for name, value in part.items()}
    return part
