"""One record of a text container's stream, whatever its shape: the pieces of text in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from adapters.base import Json
from adapters.complaint import is_complaint
from adapters.container import failed_generation, unknown_shape
from adapters.errors import MalformedReply
from adapters.nesting import parse
from adapters.openai.logprobs import Token, read_chat
from adapters.text.details import NOTHING, Details, check_finish, read_details
from adapters.text.generation import read
from adapters.text.token import is_mark, is_no_text, read_token, without_end_mark

#: What a choice may have that only says that it ends.
_ENDING: Final = frozenset({"finish_reason", "index", "logprobs", "stop_reason", "text"})

#: What a token's record has where it is nothing but that.
_TOKEN: Final = frozenset({"details", "generated_text", "index", "token"})


class Piece(NamedTuple):
    """A piece of one choice's text, often a token: made for each record, so a tuple."""

    shape: str
    text: str
    #: The place of its choice among the call's.
    place: int = 0
    #: The tokens that the text is.
    tokens: tuple[Token, ...] = ()
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


def plain_text(record: Any) -> str | None:
    """Give the text of a record that is one token, and says nothing else; None for all others."""
    if type(record) is not dict or not record.keys() <= _TOKEN or record.get("details"):
        return None
    token = record.get("token")
    if type(token) is not dict or record.get("generated_text") is not None:
        return None
    text = token.get("text")
    if type(text) is not str or not text or is_no_text(token) or token.get("error_msg"):
        return None
    return without_end_mark(text) or None


def plain_texts(lines: list[bytes]) -> list[str] | None:
    """Give the texts of such records, one to each line of an event; None if any is another one."""
    texts: list[str] = []
    for line in lines:
        try:
            text = plain_text(parse(line[5:])) if line.startswith(b"data:") else None
        except (orjson.JSONDecodeError, MalformedReply):
            return None
        if text is None:
            return None
        texts.append(text)
    return texts


def read_record(record: Any, *, tokens: bool) -> Sequence[Piece]:
    """Read a record that is no whole answer.

    Args:
        record: The parsed record.
        tokens: Log probabilities are wanted: read the tokens as well.

    Raises:
        ModelError: it reports a failure.
        MalformedReply: its shape is unknown.
    """
    if not isinstance(record, dict) or is_complaint(record):
        raise unknown_shape(record)
    token = record.get("token")
    if isinstance(token, dict):
        return (_token(record, token, tokens=tokens),)
    if isinstance(record.get("choices"), list):
        return [_choice(choice, record) for choice in record["choices"]]
    reading = read(record)
    return [  # as many choices as texts
        Piece(
            reading.shape,
            "" if is_mark(each.text) else each.text,
            place,
            tokens=each.details.tokens,
            details=each.details,
        )
        for place, each in enumerate(reading.generations)
    ]


def _token(record: Json, token: Json, *, tokens: bool) -> Piece:
    """Read a token's record; the last one carries the whole text, or the details, or both."""
    if token.get("error_msg"):
        raise failed_generation()
    details = record.get("details")
    text = "" if is_no_text(token) else without_end_mark(token.get("text") or "")
    return Piece(
        "token",
        text,
        tokens=(read_token(token, record.get("top_tokens")),) if tokens and text else (),
        counts=True,
        last=record.get("generated_text") is not None or bool(details),
        details=read_details(details) if details else NOTHING,
    )


def _choice(choice: Any, record: Json) -> Piece:
    """Read a chunk's choice.

    A text container is asked for no tool: a call of one is no shape of its.
    """
    if not isinstance(choice, dict):
        raise unknown_shape(record)
    said = choice.get("finish_reason")
    check_finish(said)
    delta = choice.get("delta")
    if isinstance(delta, dict):
        shape, text, may_lack = "choices[].delta", delta.get("content"), not delta.get("tool_calls")
    else:
        ends = said is not None and choice.keys() <= _ENDING
        shape, text, may_lack = "choices[].text", choice.get("text"), ends
    if not isinstance(text, str) and not (text is None and may_lack):
        raise unknown_shape(record)
    return Piece(
        shape,
        text or "",
        choice.get("index") or 0,
        tokens=tuple(read_chat(choice.get("logprobs"))),
        last=said is not None,
        details=Details(finish=said) if said is not None else NOTHING,
    )
