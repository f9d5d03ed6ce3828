"""Counts in a file that the workers of one machine share: exact for all of them, without Redis.

Refuses to know other machines. A worker that dies takes nothing with it: the kernel frees its
lock, and whoever next finds no parallel slot frees those that it held.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.errors import RateLimited
from proxy.limits.claim import Claim, Remaining
from proxy.limits.ledger import Reservation, Taken
from proxy.limits.row import Row, amend, take
from proxy.limits.table import Table
from proxy.limits.window import bucket_of

#: Seconds between two looks for dead workers.
LOOK = 1.0


class SharedLedger:
    """A ledger of the processes that were given one folder; for one thread of each.

    Args:
        folder: Theirs alone, on a local disk.
        clock: Seconds, never going back, and the same in all of the processes.

    Raises:
        OSError: The folder can't be written, or the disk is full.
        ValueError: Too many processes share it.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = Table(folder)
        self._clock = clock
        self._looked = float("-inf")

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        """Take from all claims or from none; see `Ledger`."""
        with self._table.locked():
            now = self._clock()
            try:
                remaining = self._take(claims, tokens, now)
            except RateLimited:
                if not self._freed_a_slot(claims, now):
                    raise
                remaining = self._take(claims, tokens, now)
        taken = Taken(claims=claims, bucket=bucket_of(now), tokens=tokens, remaining=remaining)
        return Reservation(self, taken)

    def correct(self, taken: Taken, requests: int, tokens: int) -> None:
        """Add differences; see `Counts`."""
        with self._table.locked():
            now = self._clock()
            amend(self._rows(taken.claims, bucket_of(now)), taken, requests, tokens, now)

    def let_go(self, taken: Taken) -> None:
        """Give slots back; see `Counts`."""
        if all(claim.parallel is None for claim in taken.claims):
            return
        with self._table.locked():
            rows = self._rows(taken.claims, bucket_of(self._clock()))
            for row, claim in zip(rows, taken.claims, strict=True):
                row.hold(claim, -1)

    async def aclose(self) -> None:
        """Give back every slot that this process holds, and close the file."""
        self._table.close()

    def _take(self, claims: Sequence[Claim], tokens: int, now: float) -> tuple[Remaining, ...]:
        return take(self._rows(claims, bucket_of(now)), claims, tokens, now)

    def _rows(self, claims: Sequence[Claim], bucket: int) -> list[Row]:
        return [self._table.row(claim.scope, bucket) for claim in claims]

    def _freed_a_slot(self, claims: Sequence[Claim], now: float) -> bool:
        if now < self._looked + LOOK or all(claim.parallel is None for claim in claims):
            return False
        self._looked = now
        return self._table.bury()
