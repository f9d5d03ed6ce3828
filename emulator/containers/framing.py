"""Puts the records of a stream on the wire: server-sent events, or JSON lines."""

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from typing import TypeVar

import orjson

from emulator.containers.base import Answer, sse
from emulator.endpoints import Framing

T = TypeVar("T")


def framed(records: Iterable[object], framing: Framing) -> Answer:
    """A streamed answer whose last record is its end."""
    if framing == "jsonlines":
        return _lines(records)
    return Answer(records=map(sse, records), content_type="text/event-stream")


def openai_framed(chunks: Iterable[object], framing: Framing) -> Answer:
    """A streamed answer as servers with OpenAI bodies give it: `[DONE]` ends the events."""
    if framing == "jsonlines":
        return _lines(chunks)
    events = chain(map(sse, chunks), (b"data: [DONE]\n\n",))
    return Answer(records=events, content_type="text/event-stream; charset=utf-8")


def in_turns(streams: Iterable[Iterable[T]]) -> Iterator[T]:
    """The records of several streams, taking turns."""
    for turn in zip_longest(*streams):
        for record in turn:
            if record is not None:
                yield record


def _lines(records: Iterable[object]) -> Answer:
    lines = (orjson.dumps(record) + b"\n" for record in records)
    return Answer(records=lines, content_type="application/jsonlines")
