"""An answer in chunks, as an endpoint gives it: real, several merged, or cut from a whole one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from typing import Protocol

from adapters.base import Head, Json, Summary
from adapters.openai import events
from adapters.parts import Awaited, Parts


class AnswerStream(Protocol):
    """An OpenAI answer in chunks; iterating gives the chunks of one upstream read at a time.

    Iterating raises `GatewayError` on a fault; whatever came whole before it was given before.
    """

    @property
    def head(self) -> Head:
        """What AWS said beside the stream."""
        ...

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        ...

    def __aiter__(self) -> AsyncIterator[list[Json]]: ...

    async def aclose(self) -> None:
        """Give the upstream connection up; may be called more than once."""
        ...


class Batches(Parts[list[Json]]):
    """Chunks, a few at a time, which may be had as server-sent events as well."""

    @abstractmethod
    def take(self) -> list[Json] | None:
        """Give the chunks that come next, or None where they are not there yet.

        Raises:
            StopAsyncIteration: nothing comes any more.
            GatewayError: the stream broke off.
        """

    def take_events(self) -> bytes | None:
        """Give the same as it is written to clients; a chunk need not be made for that."""
        chunks = self.take()
        return None if chunks is None else events.write(chunks)


class _AwaitedBatches(Batches):
    """Those of a source that can only be waited for."""

    def __init__(self, parts: Parts[list[Json]]) -> None:
        self._parts = parts

    def take(self) -> list[Json] | None:
        """Give what has been waited for."""
        return self._parts.take()

    def more(self) -> Awaitable[object]:
        """Wait for the next ones."""
        return self._parts.more()


def batches_of(source: AsyncIterable[list[Json]]) -> Batches:
    """Give what comes of a source as batches; itself, where it is such."""
    iterator = aiter(source)
    return iterator if isinstance(iterator, Batches) else _AwaitedBatches(Awaited(iterator))
