"""A real stream: the container's bytes, decoded as they come; its first chunks are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from adapters.base import Head, Json, StreamDecoder, Summary, UpstreamStream
from adapters.codec_faults import fault_of_a_reply
from adapters.errors import GatewayError, MalformedReply

#: Seconds that a container whose answer is over gets to end its stream: a connection that was read
#: to its end is used again.
_PARTING_SECONDS: Final = 0.25


class DecodedStream:
    """A real stream: the container's bytes, decoded as they come."""

    def __init__(self, upstream: UpstreamStream, decoder: StreamDecoder) -> None:
        self._upstream = upstream
        self._chunks = upstream.chunks
        self._next_part = self._chunks.__anext__
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
            try:
                data = None if self._decoder.over else await self._next_part()
            except StopAsyncIteration:
                data = None
            self._ended = data is None
            batch: list[Json] = []
            try:
                batch.extend(self._decoder.finish() if data is None else self._decoder.feed(data))
            except Exception as error:  # noqa: BLE001 - it is raised behind what came before it
                self._failure = fault_of_a_reply(error, self.head.request_id)
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
