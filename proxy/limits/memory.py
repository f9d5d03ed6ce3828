"""Counts in this process's own memory: exact for one process.

Refuses to know other processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from proxy.limits.claim import Claim
from proxy.limits.ledger import Reservation, Taken
from proxy.limits.row import Row, amend, take
from proxy.limits.window import bucket_of

#: Idle scopes are looked for when there are so many, and then when they have doubled.
MANY = 1024


class MemoryLedger:
    """A ledger of one process.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._many = MANY

    def __len__(self) -> int:
        """Give the number of scopes that are remembered."""
        return len(self._rows)

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        """Take from all claims or from none; see `Ledger`."""
        now = self._clock()
        if len(self._rows) >= self._many:
            self._sweep(bucket_of(now))
        rows = [self._row(claim.scope) for claim in claims]
        remaining = take(rows, claims, tokens, now)
        taken = Taken(claims=claims, bucket=bucket_of(now), tokens=tokens, remaining=remaining)
        return Reservation(self, taken)

    def correct(self, taken: Taken, requests: int, tokens: int) -> None:
        """Add differences; see `Counts`."""
        rows = [self._row(claim.scope) for claim in taken.claims]
        amend(rows, taken, requests, tokens, self._clock())

    def let_go(self, taken: Taken) -> None:
        """Give slots back; see `Counts`."""
        for claim in taken.claims:
            self._row(claim.scope).hold(claim, -1)

    async def aclose(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _row(self, scope: str) -> Row:
        row = self._rows.get(scope)
        if row is None:
            row = self._rows[scope] = Row([0] * Row.size())
        return row

    def _sweep(self, bucket: int) -> None:
        idle = [scope for scope, row in self._rows.items() if row.is_idle(bucket)]
        for scope in idle:
            del self._rows[scope]
        self._many = max(MANY, 2 * len(self._rows))
