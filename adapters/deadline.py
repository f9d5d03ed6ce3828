"""The time that a call may take as a whole, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.errors import DeadlineExceeded


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """End the block after so many seconds.

    Raises:
        DeadlineExceeded: it was not through by then.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise DeadlineExceeded.after(seconds) from error
