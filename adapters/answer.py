"""What an endpoint gives back: one whole answer, or a stream of chunks whose first are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from adapters.base import Decoded, Head, Json, StreamDecoder, Summary, UpstreamStream, UsageSource
from adapters.errors import GatewayError, MalformedReply
from adapters.openai.streaming import Resource, note_document

#: What a codec may trip over when a container's reply has the right keys with the wrong contents.
SHAPE_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

#: Seconds that a container whose answer is over gets to end its stream: a connection that was read
#: to its end is used again.
_PARTING_SECONDS = 0.25
#: Fake streaming gives so many chunks to one write.
_CHUNKS_PER_BATCH = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole OpenAI answer, and what AWS said beside it."""

    body: Json
    usage_source: UsageSource
    head: Head
    #: The shape of the container's reply, where its dialect has more than one.
    shape: str | None = None


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


class DecodedStream:
    """A real stream: the container's bytes, decoded as they come."""

    def __init__(self, upstream: UpstreamStream, decoder: StreamDecoder) -> None:
        self._upstream = upstream
        self._chunks = upstream.chunks
        self._decoder = decoder
        self._first: list[Json] = []
        self._failure: GatewayError | None = None
        self._ended = False

    @property
    def head(self) -> Head:
        """What AWS said beside the stream."""
        return self._upstream.head

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        return self._decoder.summary

    async def start(self) -> None:
        """Wait for the first chunks, so that a failure before them still has its HTTP status.

        Raises:
            GatewayError: the stream failed, or ended, before it gave anything.
        """
        try:
            self._first = await anext(self)
        except StopAsyncIteration:
            raise MalformedReply(
                "The container's stream ended without an answer.", request_id=self.head.request_id
            ) from None
        except GatewayError as error:
            error.request_id = error.request_id or self.head.request_id
            raise

    def __aiter__(self) -> AsyncIterator[list[Json]]:
        return self

    async def __anext__(self) -> list[Json]:
        if self._first:
            first, self._first = self._first, []
            return first
        while self._failure is None and not self._ended:
            data = None if self._decoder.over else await anext(self._chunks, None)
            if data is None:
                self._ended = True
                batch = self._collect(self._decoder.finish())
            else:
                batch = self._collect(self._decoder.feed(data))
            if batch:
                return batch
        if self._failure is not None:
            failure, self._failure = self._failure, None
            self._ended = True
            raise failure
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give the upstream connection up, read to its end where that is near."""
        try:
            if self._decoder.over:
                await self._read_to_end()
        finally:
            await self._upstream.aclose()

    async def _read_to_end(self) -> None:
        with suppress(TimeoutError, GatewayError):  # the answer is whole, whatever comes now
            async with asyncio.timeout(_PARTING_SECONDS):
                async for _ in self._chunks:
                    pass

    def _collect(self, chunks: Iterator[Json]) -> list[Json]:
        """Take what is whole; a fault behind it waits until that has been given."""
        batch: list[Json] = []
        try:
            batch.extend(chunks)
        except GatewayError as error:
            self._failure = error
        except SHAPE_FAULTS as error:
            self._failure = MalformedReply("The container sent a record of an unexpected shape.")
            self._failure.__cause__ = error
        return batch


class CutStream:
    """A whole answer, already there, given as a stream.

    Raises:
        MalformedReply: the answer is not one that can be cut.
    """

    def __init__(self, answer: Answer, resource: Resource, *, include_usage: bool) -> None:
        self.head = answer.head
        self.summary = Summary()
        decoded = Decoded(answer.body, answer.usage_source, answer.shape)
        try:
            note_document(self.summary, decoded)
            self._chunks = list(resource.cut(answer.body, include_usage=include_usage))
        except SHAPE_FAULTS as error:
            raise MalformedReply(
                "The container's answer has an unexpected shape.", request_id=self.head.request_id
            ) from error

    async def __aiter__(self) -> AsyncIterator[list[Json]]:
        for start in range(0, len(self._chunks), _CHUNKS_PER_BATCH):
            yield self._chunks[start : start + _CHUNKS_PER_BATCH]

    async def aclose(self) -> None:
        """Nothing is held open."""
