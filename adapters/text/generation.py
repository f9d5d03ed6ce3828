"""A whole reply of a text container, whatever its shape: the texts in it, and what is said of them.

Knows every shape that text containers are known to answer; refuses to know what was asked, and
never takes an unknown shape for an empty text.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any, Final

from adapters.base import Json
from adapters.complaint import is_complaint
from adapters.container import unknown_shape
from adapters.openai import usage
from adapters.openai.logprobs import read_chat
from adapters.text.details import NOTHING, Details, check_finish, read_details
from adapters.text.token import without_end_mark
from adapters.value import value

#: Where containers put their texts when they answer objects; the first one there counts.
_NAMES: Final = (
    "generated_text",
    "generation",
    "generated_texts",
    "outputs",
    "text",
    "output",
    "completion",
    "response",
    "predictions",
)
#: Lists around the objects: one for each input, one for each of its sequences.
_MOST_LISTS: Final = 3


@value(frozen=True, slots=True)
class Generation:
    """One generated text."""

    text: str
    details: Details = NOTHING


@value(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reply, read."""

    #: Where the texts stood, such as `[].generated_text` or `choices[].message`.
    shape: str
    generations: tuple[Generation, ...]
    #: The container's usage record, in OpenAI's form.
    usage: Json | None = None


def read(reply: Any) -> Reading:
    """Read a parsed reply; it holds at least one text.

    Raises:
        ModelError: the container reports a failure.
        MalformedReply: an unknown shape; names the keys seen.
    """
    objects, lists = _objects(reply)
    if not objects:
        raise unknown_shape(reply)
    for each in objects:
        if not isinstance(each, dict):
            raise unknown_shape(reply)
    first, *others = [_read_object(each, reply) for each in objects]
    if not lists:
        return first
    generations, counts = first.generations, first.usage
    if others:
        all_of = chain(generations, *[other.generations for other in others])
        generations, counts = tuple(all_of), None
    return Reading(shape=f"{'[]' * lists}.{first.shape}", generations=generations, usage=counts)


def _objects(value: Any) -> tuple[list[Any], int]:
    """Give the innermost list's items and the number of lists around them; an object is one."""
    items, lists = [value], 0
    while lists < _MOST_LISTS and items and isinstance(items[0], list):
        if len(items) == 1:
            items = items[0]
        elif all(isinstance(item, list) for item in items):
            items = [inner for item in items for inner in item]
        else:
            break
        lists += 1
    return items, lists


def _read_object(value: Json, reply: Any) -> Reading:
    if is_complaint(value):
        raise unknown_shape(value)
    if "choices" in value:
        return _read_choices(value)
    for name in _NAMES:
        texts = _texts(value.get(name))
        if texts:
            return _read_texts(value, name, texts)
    raise unknown_shape(reply)


def _read_texts(value: Json, name: str, texts: list[str]) -> Reading:
    details = read_details(value.get("details"))
    if details.finish is None:
        said = value.get("finish_reason")
        check_finish(said)
        if isinstance(said, str):
            details = replace(details, finish=said)
    several = len(texts) > 1  # details speak of one text
    return Reading(
        shape=name + ("[]" if isinstance(value[name], list) else ""),
        generations=tuple(
            [Generation(without_end_mark(text), NOTHING if several else details) for text in texts]
        ),
        usage=usage.reported(value.get("usage")),
    )


def _texts(value: Any) -> list[str]:
    """Give the texts of a string, a message, a conversation, or a list of strings or objects."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return _text_of(value)
    if not isinstance(value, list) or not value:
        return []
    if all(isinstance(item, dict) and "role" in item for item in value):
        return _text_of(value[-1])
    found = [_texts(item) if isinstance(item, str | dict) else [] for item in value]
    return [text for texts in found for text in texts] if all(found) else []


def _text_of(value: Json) -> list[str]:
    names = ("content", "generated_text", "text")
    return next(([value[name]] for name in names if isinstance(value.get(name), str)), [])


def _read_choices(value: Json) -> Reading:
    """Read an answer in OpenAI's own shape."""
    choices = value["choices"]
    if not isinstance(choices, list) or not choices:
        raise unknown_shape(value)
    generations = tuple(_read_choice(choice, value) for choice in choices)
    part = "message" if isinstance(choices[0].get("message"), dict) else "text"
    counts = usage.reported(value.get("usage"))
    return Reading(shape=f"choices[].{part}", generations=generations, usage=counts)


def _read_choice(choice: Any, reply: Json) -> Generation:
    if not isinstance(choice, dict):
        raise unknown_shape(reply)
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    said = choice.get("finish_reason")
    check_finish(said)
    if not isinstance(text, str):
        raise unknown_shape(reply)
    tokens = tuple(read_chat(choice.get("logprobs")))
    return Generation(without_end_mark(text), Details(finish=said, tokens=tokens))
