"""One record of a text container's stream, whatever its shape: the pieces of text in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.base import Json
from adapters.container import failed_generation, unknown_shape
from adapters.openai.logprobs import Token, read_chat
from adapters.text.generation import (
    NOTHING,
    Details,
    check_finish,
    is_mark,
    read,
    read_details,
    read_token,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of one choice's text, often a token."""

    shape: str
    text: str
    index: int = 0
    token: Token | None = None
    #: Whether the record stands for one generated token.
    counts: bool = False
    #: Whether the choice is finished with it.
    last: bool = False
    details: Details = NOTHING


def is_document(record: Any) -> bool:
    """Tell whether a record is a whole answer, such as containers give that do not stream."""
    if isinstance(record, list):
        return True
    choices = record.get("choices") if isinstance(record, dict) else None
    return isinstance(choices, list) and bool(choices) and "message" in choices[0]


def read_record(record: Any) -> Iterator[Piece]:
    """Read a record that is no whole answer.

    Raises:
        ModelError: it reports a failure.
        MalformedReply: its shape is unknown.
    """
    if not isinstance(record, dict):
        raise unknown_shape(record)
    token = record.get("token")
    if isinstance(token, dict):
        yield _token(record, token)
    elif isinstance(record.get("choices"), list):
        for choice in record["choices"]:
            yield _choice(choice, record)
    else:
        reading = read(record)
        for index, each in enumerate(reading.generations):  # as many choices as texts
            yield Piece(shape=reading.shape, text=each.text, index=index, details=each.details)


def _token(record: Json, token: Json) -> Piece:
    """Read a token's record; the last one carries the whole text, or the details, or both."""
    if token.get("error_msg"):
        raise failed_generation()
    details = record.get("details")
    last = record.get("generated_text") is not None or bool(details)
    mark = is_mark(token)
    return Piece(
        shape="token",
        text="" if mark else token.get("text") or "",
        token=None if mark else read_token(token, record.get("top_tokens")),
        counts=True,
        last=last,
        details=read_details(details) if details else NOTHING,
    )


def _choice(choice: Any, record: Json) -> Piece:
    if not isinstance(choice, dict):
        raise unknown_shape(record)
    delta = choice.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else choice.get("text")
    said = choice.get("finish_reason")
    check_finish(said)
    tokens = read_chat(choice.get("logprobs"))
    return Piece(
        shape="choices[].delta" if isinstance(delta, dict) else "choices[].text",
        text=text or "",
        index=choice.get("index") or 0,
        token=tokens[0] if len(tokens) == 1 else None,
        last=said is not None,
        details=Details(finish=said) if said is not None else NOTHING,
    )
