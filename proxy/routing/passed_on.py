"""A stream that is passed on: what all have in common that watch one go by."""

from __future__ import annotations

from collections.abc import Awaitable

from adapters.answer_stream import AnswerStream, Batches, batches_of
from adapters.base import Head, Json, Summary


class PassedOn(Batches):
    """An `AnswerStream` that says what another one says."""

    def __init__(self, stream: AnswerStream) -> None:
        self._stream = stream
        self._batches = batches_of(stream)

    @property
    def head(self) -> Head:
        """What AWS said beside the stream."""
        return self._stream.head

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        return self._stream.summary

    def take(self) -> list[Json] | None:
        """Give the chunks that come next."""
        return self._batches.take()

    def more(self) -> Awaitable[object]:
        """Wait until there may be some."""
        return self._batches.more()

    async def aclose(self) -> None:
        """Give the stream up, or end it."""
        await self._stream.aclose()
