"""Several streams as one: a request that takes several calls, streamed for real.

Knows how chunks are put together; refuses to know dialects, and who opens a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing

from adapters.base import Head, Json, Payload, Summary
from adapters.decoded_stream import DecodedStream
from adapters.errors import EndpointUnavailable, MalformedReply
from adapters.openai.usage import total, worst

#: Gives one call's stream, whose first chunks are there.
Opener = Callable[[Payload], Awaitable[DecodedStream]]


class MergedStream:
    """The chunks of several calls as they come; one usage record, the sum, at the end.

    A few calls are under way at once; choices stay under their own indexes. The first failure ends
    them all, and is raised behind the chunks that were there before it. A client that reads slowly
    slows the calls down.

    Args:
        open_stream: Opens one call's stream.
        payloads: The calls, in the order of their choices.
        parallel: How many may be under way at once.
    """

    def __init__(self, open_stream: Opener, payloads: Sequence[Payload], *, parallel: int) -> None:
        self.head = Head()
        self.summary = Summary()
        self._open = open_stream
        self._places = asyncio.Semaphore(parallel)
        #: Batches of chunks, a failure, or None at the end.
        self._queue: asyncio.Queue[list[Json] | BaseException | None] = asyncio.Queue(parallel)
        self._summaries: list[Summary] = []
        self._usage_chunk: Json | None = None
        self._first: list[Json] = []
        # A call's choices end where the next call's begin.
        ends = [*(payload.choice for payload in payloads[1:]), None]
        self._calls = [
            asyncio.ensure_future(self._relay(payload, end))
            for payload, end in zip(payloads, ends, strict=True)
        ]
        self._work = asyncio.ensure_future(self._run())

    async def start(self) -> None:
        """Wait for the first chunks of one of the calls.

        Raises:
            GatewayError: a call failed before there were any.
        """
        try:
            self._first = await anext(self)
        except BaseException:
            await self.aclose()
            raise

    def __aiter__(self) -> AsyncIterator[list[Json]]:
        return self

    async def __anext__(self) -> list[Json]:
        if self._first:
            first, self._first = self._first, []
            return first
        item = await self._queue.get()
        if item is None:
            self._queue.put_nowait(None)  # whoever asks again is told again
            raise StopAsyncIteration
        if isinstance(item, BaseException):
            self._queue.put_nowait(None)
            raise item
        return item

    async def aclose(self) -> None:
        """Give up every call that is under way; may be called more than once.

        Whoever is told to stop while waiting here leaves calls that end by themselves.
        """
        self._work.cancel()
        self._give_up()
        await asyncio.wait({self._work, *self._calls})
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    def _give_up(self) -> None:
        """Cancel the calls, each once: a second time would keep it from closing its connection."""
        for call in self._calls:
            if not call.cancelling():
                call.cancel()

    async def _run(self) -> None:
        """Wait for the calls, and say how they ended; the first failure ends them all."""
        done, _ = await asyncio.wait(self._calls, return_when=asyncio.FIRST_EXCEPTION)
        self._give_up()  # before anybody is told: a slow reader keeps no call alive
        failure = next(filter(None, map(_failure, done)), None)
        if failure is None:
            self._sum_up()
            if self._usage_chunk is not None:
                await self._queue.put([{**self._usage_chunk, "usage": self.summary.usage}])
        await self._queue.put(failure)

    async def _relay(self, payload: Payload, end: int | None) -> None:
        async with self._places, aclosing(await self._open(payload)) as stream:
            if not self._summaries:
                self.head = stream.head
            self._summaries.append(stream.summary)
            async for batch in stream:
                chunks = [chunk for chunk in batch if chunk["choices"]]
                if len(chunks) < len(batch):
                    self._usage_chunk = next(chunk for chunk in batch if not chunk["choices"])
                _check_places(chunks, end)
                if chunks:
                    await self._queue.put(chunks)

    def _sum_up(self) -> None:
        """Make one summary of all; the worst source of counts is the sum's."""
        summary, parts = self.summary, self._summaries
        summary.usage = total(each.usage for each in parts if each.usage is not None)
        if all(each.usage_source is not None for each in parts):
            summary.usage_source = worst(each.usage_source or "estimate" for each in parts)
        summary.finish_reason = parts[0].finish_reason
        summary.shape = parts[0].shape
        summary.whole_document = any(each.whole_document for each in parts)


def _failure(call: asyncio.Task[None]) -> BaseException | None:
    """Give what ended a call early; one that was cancelled by itself has failed as well."""
    if call.cancelled():
        return EndpointUnavailable("A call was given up before its answer was finished.")
    return call.exception()


def _check_places(chunks: Sequence[Json], end: int | None) -> None:
    """Let chunks pass unless one is of a choice that is another call's.

    Raises:
        MalformedReply: the container gave more texts than it was asked for.
    """
    if end is not None and any(
        choice["index"] >= end for chunk in chunks for choice in chunk["choices"]
    ):
        raise MalformedReply("The container answered more texts than it was asked for.")
