"""A stream that is not there yet: its request waits for an endpoint to start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from adapters.base import Json
from proxy.sse import ChunkSource


class HeldStream:
    """The chunks of a stream to come; closing it gives the wait up.

    Args:
        coming: Gives the stream, or raises `GatewayError`.
    """

    def __init__(self, coming: asyncio.Task[ChunkSource]) -> None:
        self._coming = coming

    async def __aiter__(self) -> AsyncIterator[list[Json]]:
        """Give the chunks, a few at a time, once there are any."""
        async for batch in await self._coming:
            yield batch

    async def aclose(self) -> None:
        """Give up the wait, or the stream that came of it."""
        self._coming.cancel()
        (come,) = await asyncio.gather(self._coming, return_exceptions=True)
        if not isinstance(come, BaseException):
            await come.aclose()
