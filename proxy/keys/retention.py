"""Rows of what requests have cost, deleted once they are old: beside the requests, a few at a time.

Each process does so; what one has deleted the others don't find. Budgets and spend of keys are
counted elsewhere and stay.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from adapters.value import value
from proxy.keys.database import DATABASE_ERRORS
from proxy.keys.store import KeyStore

#: Rows of one transaction, and seconds until the next one: others write, too.
_BATCH: Final = 500
_PAUSE: Final = 0.05

_log = structlog.stdlib.get_logger("sagegate")


@value(frozen=True, slots=True)
class Retention:
    """How long rows stay, and from one look at them to the next; both in seconds."""

    period: float
    interval: float


async def delete_old(store: KeyStore, retention: Retention, now: float) -> int:
    """Delete what is too old; give how many rows that were.

    Raises:
        Exception: one of `DATABASE_ERRORS`.
    """
    deleted = 0
    while count := await store.forget(now - retention.period, most=_BATCH):
        deleted += count
        await asyncio.sleep(_PAUSE)
    return deleted


@asynccontextmanager
async def retained(
    store: KeyStore, retention: Retention, clock: Callable[[], float] = time.time
) -> AsyncIterator[None]:
    """Delete old rows for the block, beside it."""

    async def keep() -> None:
        while True:
            try:
                deleted = await delete_old(store, retention, clock())
            except DATABASE_ERRORS as error:
                _log.warning("spend_logs.not_deleted", reason=type(error).__name__)
            else:
                if deleted:
                    _log.info("spend_logs.deleted", rows=deleted)
            await asyncio.sleep(retention.interval)

    task = asyncio.create_task(keep(), name="keys.retention")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
