"""A whole reply of a text container, whatever its shape: the texts in it, and what is said of them.

Knows every shape that text containers are known to answer; refuses to know what was asked, and
never takes an unknown shape for an empty text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.base import Json
from adapters.complaint import is_complaint
from adapters.container import failed_generation, unknown_shape
from adapters.openai.finish import FAILURES
from adapters.openai.logprobs import Token, read_chat

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
#: Marks of chat layouts: they are no text when they are all that a token is.
_SPECIAL_MARKS: Final = frozenset(
    {
        "<s>",
        "</s>",
        "<|assistant|>",
        "<|system|>",
        "<|user|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|endoftext|>",
        "<|eot_id|>",
        "<end_of_turn>",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a container says of a text beside the text."""

    #: Its own word for the finish reason.
    finish: str | None = None
    #: Exact numbers of tokens.
    generated: int | None = None
    prompt: int | None = None
    #: The tokens of the text, with their log probabilities.
    tokens: tuple[Token, ...] = ()


NOTHING: Final = Details()


@dataclass(frozen=True, slots=True)
class Generation:
    """One generated text."""

    text: str
    details: Details = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
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
    if not objects or not all(isinstance(each, dict) for each in objects):
        raise unknown_shape(reply)
    readings = [_read_object(each, reply) for each in objects]
    return Reading(
        shape="[]" * lists + ("." if lists else "") + readings[0].shape,
        generations=tuple(each for reading in readings for each in reading.generations),
        usage=readings[0].usage if len(readings) == 1 else None,
    )


def read_details(record: Any) -> Details:
    """Read a `details` object of TGI or LMI; other things say nothing.

    Raises:
        ModelError: the finish reason is a failure.
    """
    if not isinstance(record, dict):
        return NOTHING
    said = record.get("finish_reason", record.get("finish reason"))
    check_finish(said)
    prompt = record.get("input_length")
    if prompt is None and record.get("prefill"):
        prompt = len(record["prefill"])
    return Details(
        finish=said,
        generated=record.get("generated_tokens"),
        prompt=prompt,
        tokens=tuple(_tokens(record)),
    )


def check_finish(said: Any) -> None:
    """Let a container's finish reason pass, unless it is a failure.

    Raises:
        ModelError: it is one.
    """
    if isinstance(said, str) and said in FAILURES:
        raise failed_generation()


def is_mark(token: Json) -> bool:
    """Tell whether a token is none of the text: a special one, or a mark of a chat layout."""
    special = token.get("special") or token.get("special_token")
    return bool(special) or token.get("text") in _SPECIAL_MARKS


def read_token(token: Json, alternatives: Any = None) -> Token:
    """Read a token of TGI or LMI, and the others that could have stood in its place."""
    return Token(
        text=token.get("text") or "",
        logprob=token.get("logprob", token.get("log_prob")),
        top=tuple(read_token(each) for each in alternatives or () if isinstance(each, dict)),
    )


def _tokens(details: Json) -> Iterator[Token]:
    listed = details.get("tokens") or ()
    tops = details.get("top_tokens") or ()
    for place, token in enumerate(listed):
        if isinstance(token, dict) and token.get("text") and not is_mark(token):
            own = token.get("top_tokens")
            yield read_token(token, tops[place] if place < len(tops) else own)


def _objects(value: Any) -> tuple[list[Any], int]:
    """Give the innermost list's items and the number of lists around them; an object is one."""
    items, lists = [value], 0
    while lists < _MOST_LISTS and items and all(isinstance(item, list) for item in items):
        items, lists = [inner for item in items for inner in item], lists + 1
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
        details = replace(details, finish=said if isinstance(said, str) else None)
    several = len(texts) > 1  # details speak of one text
    return Reading(
        shape=name + ("[]" if isinstance(value[name], list) else ""),
        generations=tuple(Generation(text, NOTHING if several else details) for text in texts),
        usage=_usage(value),
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
    return Reading(shape=f"choices[].{part}", generations=generations, usage=_usage(value))


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
    return Generation(text, Details(finish=said, tokens=tokens))


def _usage(value: Json) -> Json | None:
    record = value.get("usage")
    return record if isinstance(record, dict) and "completion_tokens" in record else None
