"""A real stream: the container's bytes, decoded as they come; its first chunks are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

from adapters.answer_stream import Batches
from adapters.base import Head, Json, StreamDecoder, Summary, UpstreamStream
from adapters.codec_faults import fault_of_a_reply
from adapters.errors import GatewayError, MalformedReply
from adapters.openai import events
from adapters.parts import NOW, parts_of

#: Seconds that a container whose answer is over gets to end its stream: a connection that was read
#: to its end is used again.
_PARTING_SECONDS: Final = 0.25


class DecodedStream(Batches):
    """A real stream: the container's bytes, decoded as they come."""

    def __init__(self, upstream: UpstreamStream, decoder: StreamDecoder) -> None:
        self._upstream = upstream
        self._parts = parts_of(upstream.chunks)
        self._decoder = decoder
        self._write = decoder.write if isinstance(decoder, events.EventWriter) else None
        self._first: list[Json] = []
        self._failure: GatewayError | None = None
        #: Nothing more is to be read, and everything has been given.
        self._over = self._ended = False

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

    def take(self) -> list[Json] | None:
        """Give the chunks of what has come, or None where that are none."""
        first, self._first = self._first, []
        if first:
            return first
        while not self._ended:
            data = self._come()
            if data is None:
                return None
            batch = self._decode(data)
            if batch:
                return batch
        failure, self._failure = self._failure, None
        raise failure or StopAsyncIteration

    def take_events(self) -> bytes | None:
        """Give them as events, at once where they can be written from the container's bytes."""
        if self._write is None or self._first or self._ended:
            return super().take_events()
        data = self._come()
        if data is None:
            return None
        written = self._write(data) if data else None
        if written is not None:
            return written
        batch = self._decode(data)
        return events.write(batch) if batch else super().take_events()

    def more(self) -> Awaitable[object]:
        """Wait until something has come."""
        return NOW if self._over or self._ended or self._first else self._parts.more()

    def _come(self) -> bytes | None:
        """Give what has come of the container's bytes; empty where they are over."""
        if not self._over:
            try:
                return self._parts.take()
            except StopAsyncIteration:
                self._over = True
        return b""

    def _decode(self, data: bytes) -> list[Json]:
        """Give the chunks in what has come; what is wrong with it is kept for later."""
        decoder = self._decoder
        self._ended = self._over
        batch: list[Json] = []
        try:
            batch.extend(decoder.finish() if self._over else decoder.feed(data))
            self._over = self._over or decoder.over
        except Exception as error:  # noqa: BLE001 - it is raised behind what came before it
            self._failure = fault_of_a_reply(error, self.head.request_id)
            self._ended = True
        return batch

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
                async for _ in self._parts:
                    pass
