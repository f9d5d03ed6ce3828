"""Chunks as server-sent events, as they are written to clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, runtime_checkable

import orjson

from adapters.base import Json


@runtime_checkable
class EventDecoder(Protocol):
    """A stream's decoder that need not make a chunk of what only continues a text."""

    def feed_events(self, data: bytes) -> Iterable[bytes]:
        """Give the events of the chunks that `feed` would give, a few at a time; raises as it."""
        ...


#: Writes the events of the lines from one on that only continue a text: how many are those, and
#: what is written.
GoOn = Callable[[list[bytes], int], tuple[int, bytes]]


def of_lines(
    lines: list[bytes], go_on: GoOn, feed: Callable[[bytes], Iterator[Json]]
) -> Iterable[bytes]:
    """Give the events of whole lines of a container's: without chunks as far as that goes.

    What is of another kind is decoded in pieces that double: few are alone, and many cost no more.

    Args:
        lines: Each a whole server-sent event; one at least.
        go_on: Takes lines that only continue a text.
        feed: Takes all others, as bytes.
    """
    count, written = go_on(lines, 0)
    if count == len(lines):
        return (written,)
    return _of_mixed_lines(lines, go_on, feed, (count, written))


def _of_mixed_lines(
    lines: list[bytes],
    go_on: GoOn,
    feed: Callable[[bytes], Iterator[Json]],
    begun: tuple[int, bytes],
) -> Iterator[bytes]:
    """Give the events of lines of which some do more than continue a text."""
    at, written = begun
    if at:
        yield written
    others = 1
    while at < len(lines):
        for chunk in feed(b"\n\n".join(lines[at : at + others]) + b"\n\n"):
            yield write((chunk,))
        at, others = at + others, 2 * others
        count, written = go_on(lines, at)
        if count:
            yield written
            at, others = at + count, 1


def write(chunks: Iterable[Json]) -> bytes:
    """Write chunks, one at least."""
    return b"data: %b\n\n" % b"\n\ndata: ".join(map(orjson.dumps, chunks))


def around_texts(chunk: Json, mark: str) -> tuple[bytes, bytes, bytes] | None:
    """Give what stands before, between and behind the texts of chunks that differ in these alone.

    Args:
        chunk: One of them, whose text is the mark.
        mark: A text of plain letters.

    Returns:
        None where the chunk has the mark elsewhere as well.
    """
    front, *rest = orjson.dumps(chunk).split(orjson.dumps(mark))
    if len(rest) != 1:
        return None
    lead, tail = b"data: " + front, rest[0] + b"\n\n"
    return lead, tail + lead, tail


def write_texts(around: tuple[bytes, bytes, bytes], texts: Iterable[str]) -> bytes:
    """Write such chunks, one at least, by their texts."""
    lead, between, tail = around
    return b"%b%b%b" % (lead, between.join(map(orjson.dumps, texts)), tail)
