"""Keeps listings fresh beside the requests, for as long as the application lives."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

from proxy.wildcards.listing import Listing

#: The longest pause, as a share of the configured one: replicas don't ask AWS all at once.
_JITTER: Final = 1.1

Sleep = Callable[[float], Awaitable[None]]


@asynccontextmanager
async def refreshed(
    listings: Iterable[Listing], *, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[None]:
    """Refresh listings during the block: now, and again after each one's pause.

    Nobody waits for them: the block begins at once. One refresh of a listing runs at a time.

    Args:
        listings: All of them.
        sleep: Waits for so many seconds.
    """
    tasks = [asyncio.create_task(_refresh(each, sleep), name="discovery") for each in listings]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _refresh(listing: Listing, sleep: Sleep) -> None:
    while True:
        await listing.refresh()
        pause = listing.refresh_seconds * random.uniform(1, _JITTER)  # noqa: S311 - guards nothing
        await sleep(pause)
