"""What limits are worth while Redis does not answer.

`fail_open` lets this machine count for itself, so that each machine keeps the limits alone;
`fail_closed` lets nothing with a limit pass. After a failure Redis is left alone for a second, then
one request tries it: no other waits. An outage is logged once, and its end. Refuses to know Redis.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from adapters.errors import Overloaded, RateLimited
from proxy.limits.claim import Claim
from proxy.limits.ledger import Ledger, Reservation, Unreachable

_log = structlog.stdlib.get_logger("sagegate")

#: Seconds between two tries during an outage.
PAUSE = 1.0


class GuardedLedger:
    """A ledger that may be out of reach, and what stands in for it.

    Args:
        ledger: The one that may raise `Unreachable`.
        stand_in: Counts meanwhile; None refuses everything meanwhile. It is not closed here.
        clock: Seconds, never going back.
    """

    def __init__(
        self,
        ledger: Ledger,
        stand_in: Ledger | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._stand_in = stand_in
        self._clock = clock
        self._lost_at: float | None = None
        self._next_try = 0.0

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        """Take from all claims or from none; see `Ledger`."""
        if self._is_worth_a_try():
            try:
                reservation = await self._ledger.reserve(claims, tokens)
            except Unreachable as error:
                self._lost(error)
            except RateLimited:
                self._found()
                raise
            else:
                self._found()
                return reservation
        if self._stand_in is None:
            raise Overloaded("Rate limits can't be checked at the moment.", retry_after=PAUSE)
        return await self._stand_in.reserve(claims, tokens)

    async def aclose(self) -> None:
        """Close the guarded one; what stands in for it belongs to somebody else."""
        await self._ledger.aclose()

    def _is_worth_a_try(self) -> bool:
        if self._lost_at is None:
            return True
        now = self._clock()
        if now < self._next_try:
            return False
        self._next_try = now + PAUSE  # this request tries, and no other until then
        return True

    def _lost(self, error: Unreachable) -> None:
        now = self._clock()
        self._next_try = now + PAUSE
        if self._lost_at is None:
            self._lost_at = now
            meanwhile = "requests with a limit are refused"
            if self._stand_in is not None:
                meanwhile = "each machine counts for itself"
            _log.warning("limits.redis_lost", reason=str(error), meanwhile=meanwhile)

    def _found(self) -> None:
        if self._lost_at is not None:
            seconds = round(self._clock() - self._lost_at, 1)
            self._lost_at = None
            _log.info("limits.redis_found", seconds=seconds)
