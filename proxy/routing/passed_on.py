"""A stream that is passed on: what all have in common that watch one go by."""

from __future__ import annotations

from collections.abc import AsyncIterator

from adapters.answer_stream import AnswerStream
from adapters.base import Head, Json, Summary


class PassedOn:
    """An `AnswerStream` that says what another one says."""

    def __init__(self, stream: AnswerStream) -> None:
        self._stream = stream
        self._next = aiter(stream).__anext__

    @property
    def head(self) -> Head:
        """What AWS said beside the stream."""
        return self._stream.head

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        return self._stream.summary

    def __aiter__(self) -> AsyncIterator[list[Json]]:
        return self

    async def __anext__(self) -> list[Json]:
        return await self._next()

    async def aclose(self) -> None:
        """Give the stream up, or end it."""
        await self._stream.aclose()
