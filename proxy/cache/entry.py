"""An answer as it is stored: JSON bytes, so that nobody can change what others will be given."""

from __future__ import annotations

import orjson

from adapters.answer import Answer
from adapters.base import Head
from adapters.value import value


@value(frozen=True, slots=True)
class Entry:
    """A stored answer, and when it was stored, in Unix seconds."""

    answer: Answer
    stored: float


def pack(answer: Answer, now: float) -> bytes | None:
    """Give an answer's bytes; None for one that is nested too deeply to be written.

    Its body is kept as it is, with its id and its time. What AWS said beside it is not: that was
    about one call.
    """
    record = {
        "stored": now,
        "usage_source": answer.usage_source,
        "shape": answer.shape,
        "body": answer.body,
    }
    try:
        return orjson.dumps(record)
    except TypeError:
        return None


def unpack(data: bytes) -> Entry | None:
    """Read an entry; None for anything else, which somebody else has written."""
    try:
        record = orjson.loads(data)
        answer = Answer(record["body"], record["usage_source"], Head(), record["shape"])
        stored = record["stored"]
    except (ValueError, LookupError, TypeError):
        return None
    good = isinstance(answer.body, dict) and isinstance(stored, int | float)
    return Entry(answer, stored) if good else None
