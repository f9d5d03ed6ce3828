"""An answer in chunks, for callers with a loop and for those without one.

Whatever way a stream ends (read to its end, broken, closed, or just forgotten), its call to AWS is
given up.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from adapters.base import Json
from adapters.errors import Overloaded
from adapters.sdk.background import Background, Running
from adapters.sdk.results import Result

if TYPE_CHECKING:  # it loads pydantic
    from adapters.answer_stream import AnswerStream


class Source:
    """The stream's end on the SDK's loop.

    Args:
        stream: The answer.
        running: The loop that it came on.
        background: Whose loop that is: kept here, for with the last reference to it the loop ends.
    """

    def __init__(
        self, stream: AnswerStream, running: Running[Any], background: Background[Any]
    ) -> None:
        self._stream = stream
        self._background = background
        self._batches = aiter(stream)
        self.running = running
        # Nobody may ever take the stream, or read it to its end.
        self._forgotten = weakref.finalize(self, _abandon, stream, running)
        # At exit the loop gives up all of its calls anyway.
        self._forgotten.atexit = False

    async def batch(self) -> list[Json] | None:
        """Give the next chunks, or None at the end, when the call has been given up as well."""
        batch = await anext(self._batches, None)
        if batch is None:
            await self.aclose()
        return batch

    async def aclose(self) -> None:
        """Give the call up; may be called more than once."""
        self._forgotten.detach()
        await self._stream.aclose()

    def abandon(self) -> None:
        """Give the call up without waiting for it."""
        if self._forgotten.detach():
            _abandon(self._stream, self.running)


def _abandon(stream: AnswerStream, running: Running[Any]) -> None:
    """Give the call up without waiting for it."""
    # A loop that has ended gave its calls up by itself; in a forked child they are the parent's.
    with suppress(Overloaded):
        running.submit(stream.aclose())


class _Chunks:
    """Chunks that have come and have not been given."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._waiting: deque[Json] = deque()
        self._ended = False

    def _end(self) -> None:
        self._ended = True
        self._waiting.clear()

    def _take(self) -> Result | None:
        return Result(self._waiting.popleft()) if self._waiting else None

    def _keep(self, batch: list[Json] | None) -> bool:
        """Keep what came; false where that was the end."""
        if batch is None:
            self._end()
            return False
        self._waiting.extend(batch)
        return True


class Stream(_Chunks):
    """Iterates over chunks; a context manager that closes.

    Iterating raises `GatewayError` on a fault, after whatever came whole before it.
    """

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Result:
        while (chunk := self._take()) is None:
            if self._ended or not self._keep(self._next_batch()):
                raise StopIteration
        return chunk

    def _next_batch(self) -> list[Json] | None:
        try:
            return self._source.running.wait(self._source.batch())
        except BaseException:
            # Work that is cancelled early never starts, so it can't tidy up itself.
            self._end()
            self._source.abandon()
            raise

    def close(self) -> None:
        """Give the answer up; may be called more than once."""
        if not self._ended:
            self._end()
            with suppress(Overloaded):  # as in `_abandon`
                self._source.running.wait(self._source.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncStream(_Chunks):
    """Iterates over chunks, asynchronously; a context manager that closes.

    Iterating raises `GatewayError` on a fault, after whatever came whole before it.
    """

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Result:
        while (chunk := self._take()) is None:
            if self._ended or not self._keep(await self._next_batch()):
                raise StopAsyncIteration
        return chunk

    async def _next_batch(self) -> list[Json] | None:
        try:
            return await self._source.running.result(self._source.batch())
        except BaseException:
            # Work that is cancelled early never starts, so it can't tidy up itself.
            self._end()
            self._source.abandon()
            raise

    async def aclose(self) -> None:
        """Give the answer up; may be called more than once."""
        if not self._ended:
            self._end()
            with suppress(Overloaded):  # as in `_abandon`
                # Its own caller may be leaving: the call is given up all the same.
                await asyncio.shield(self._source.running.result(self._source.aclose()))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
