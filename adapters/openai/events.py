"""Chunks as server-sent events, as they are written to clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

import orjson

from adapters.base import Json


@runtime_checkable
class EventWriter(Protocol):
    """A decoder that can also write what most of its stream is, without making chunks of it."""

    def write(self, data: bytes) -> bytes | None:
        """Give the events of the chunks that `feed` would give; None, and nothing is taken, else.

        None wherever it is not simple: `feed` takes those bytes then.
        """
        ...


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
