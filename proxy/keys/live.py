"""The keys in memory, where requests look them up, kept in step with the database.

Nothing that a request waits for asks the database, but for a key that nobody here knows: it waits
for one look at the number of the last change, shared by all who wait. So keys that were made
elsewhere work at once, floods of wrong ones cost a few looks a second, and what was changed
elsewhere is true here after one interval.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from proxy.auth.caller import Caller
from proxy.keys.account import Account
from proxy.keys.database import DATABASE_ERRORS
from proxy.keys.record import KeyRecord
from proxy.keys.spending import Spending
from proxy.keys.store import KeyStore

#: Seconds from one look to the next, and from one batch of spend to the next.
INTERVAL: Final = 1.0
#: Seconds between two looks for the sake of unknown keys, at least.
_GAP: Final = 0.1

_log = structlog.stdlib.get_logger("sagegate")


class LiveKeys:
    """The keys that this process lets in.

    Args:
        store: The database.
        clock: Unix seconds.
    """

    def __init__(self, store: KeyStore, clock: Callable[[], float] = time.time) -> None:
        self.spending = Spending(store, clock)
        self._store = store
        self._clock = clock
        self._callers: dict[bytes, Caller] = {}
        self._accounts = self.spending.accounts
        self._keys_seen = self._spend_seen = -1
        self._one_look = asyncio.Lock()
        self._coming: asyncio.Task[None] | None = None
        self._looked_at = -_GAP
        self._out_of_reach = False

    def find(self, digest: bytes) -> Caller | None:
        """Give whose key has this digest, as far as is known."""
        return self._callers.get(digest)

    async def catch_up(self) -> None:
        """Learn of keys that were made elsewhere until now; never fails."""
        if self._coming is None:
            self._coming = asyncio.create_task(self._soon(), name="keys.catch_up")
        await asyncio.shield(self._coming)

    async def look(self) -> None:
        """Learn what has changed in the database.

        Raises:
            Exception: one of `DATABASE_ERRORS`: it can't be asked.
        """
        async with self._one_look:
            self._looked_at = time.monotonic()
            changes = await self._store.changes()
            if self._out_of_reach:
                self._out_of_reach = False
                _log.info("keys.database_in_reach")
            if changes.keys < self._keys_seen:  # an older copy was restored
                self._keys_seen = self._spend_seen = -1
                self._callers.clear()
            if changes.keys > self._keys_seen:
                await self._store.keys_since(self._keys_seen, self._take)
                self._keys_seen = changes.keys
            if changes.spend > self._spend_seen:
                for spent in await self._store.spends_since(self._spend_seen):
                    self.spending.learn(spent)
                self._spend_seen = changes.spend

    async def keep_in_step(self) -> None:
        """Write spend down and look for changes, again and again; what fails is tried again.

        Neither waits for the other: however much there is to write, a revoked key is none in time.
        """
        await asyncio.gather(self._again(self.spending.flush_all), self._again(self.look))

    async def aclose(self) -> None:
        """Write down what was spent last."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
        await self._try_to(self.spending.flush_all)

    async def _soon(self) -> None:
        await asyncio.sleep(max(0.0, self._looked_at + _GAP - time.monotonic()))
        self._coming = None  # who comes from here on may need a later look
        await self._try_to(self.look)

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._try_to(work)

    async def _try_to(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except DATABASE_ERRORS as error:
            if not self._out_of_reach:
                self._out_of_reach = True
                _log.error("keys.database_out_of_reach", reason=type(error).__name__)

    def _take(self, record: KeyRecord) -> None:
        digest = bytes.fromhex(record.digest)
        if record.deleted:
            self._callers.pop(digest, None)
            self._accounts.pop(record.digest, None)
            return
        account = self._accounts.get(record.digest)
        if account is None:
            account = self._accounts[record.digest] = Account(record, self._clock)
        else:
            account.follow(record)
        self._callers[digest] = record.caller(account)


@asynccontextmanager
async def in_step(keys: LiveKeys) -> AsyncIterator[None]:
    """Keep keys in step for the block, which begins with all of them.

    Raises:
        Exception: one of `DATABASE_ERRORS`: the database can't be asked.
    """
    await keys.look()
    task = asyncio.create_task(keys.keep_in_step(), name="keys")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await keys.aclose()
