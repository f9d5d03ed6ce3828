"""Which ledger counts: Redis where it is configured, else what this machine's processes share.

Knows settings; refuses to know the configuration's keys. What is counted here outlives a reload,
and a reload may bring Redis, or take it away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import field
from pathlib import Path

from adapters.value import value
from proxy.limits.ledger import Ledger
from proxy.limits.memory import MemoryLedger
from proxy.limits.outage import GuardedLedger, Remote
from proxy.limits.shared import SharedLedger
from proxy.redis_line import Lines


@value(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """Where counts are kept for several machines.

    Args:
        url: `redis://` or `rediss://`, with user name and password; never shown.
        fail_open: Whether each machine counts for itself while Redis is away; else requests with
            a limit are refused then.
        ca_file: A bundle of certificate authorities instead of the machine's.
    """

    url: str = field(repr=False)
    fail_open: bool = True
    ca_file: str | None = None


class Ledgers:
    """A process's ledgers.

    Args:
        folder: What its siblings were given as well; None for a process without any.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._local: Ledger = MemoryLedger() if folder is None else _shared(folder / "limits")

    @asynccontextmanager
    async def open(
        self, redis: RedisSettings | None, lines: Lines | None = None
    ) -> AsyncIterator[Ledger]:
        """Give the ledger for one configuration, for the block.

        Redis may be away then; its package must be there.

        Args:
            redis: Where counts are kept for several machines; None: nowhere.
            lines: Those of the process.
        """
        if redis is None:
            yield self._local
            return
        stand_in = self._local if redis.fail_open else None
        line = (lines or Lines()).of(redis.url)
        ledger = GuardedLedger(_redis_ledger(redis), stand_in, line)
        try:
            yield ledger
        finally:
            await ledger.aclose()

    async def aclose(self) -> None:
        """Let go of what the siblings share."""
        await self._local.aclose()


def _shared(folder: Path) -> Ledger:
    folder.mkdir(mode=0o700, exist_ok=True)
    return SharedLedger(folder)


def _redis_ledger(redis: RedisSettings) -> Remote:
    from proxy.limits.redis_ledger import RedisLedger, client  # noqa: PLC0415 - an extra

    return RedisLedger(client(redis.url, redis.ca_file))
