"""What limits are worth while Redis does not answer.

`fail_open` lets this machine count for itself, so that each machine keeps the limits alone;
`fail_closed` lets nothing with a limit pass. Once it is lost no request waits for it: it is probed
behind their backs. An outage is logged once, and its end. Refuses to know Redis.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from adapters.errors import Overloaded, RateLimited
from proxy.limits.claim import Claim
from proxy.limits.ledger import Ledger, Reservation, Unreachable
from proxy.redis_line import PAUSE, Line

_log = structlog.stdlib.get_logger("sagegate")


class Remote(Ledger, Protocol):
    """A ledger that is somewhere else: `reserve` raises `Unreachable` as well."""

    async def ping(self) -> None:
        """Find out whether it answers.

        Raises:
            Unreachable: it does not.
        """
        ...


class GuardedLedger:
    """A ledger that may be out of reach, and what stands in for it.

    Args:
        ledger: The one that may raise `Unreachable`.
        stand_in: Counts meanwhile; None refuses everything meanwhile. It is not closed here.
        line: The way to it, which others may use as well.
        clock: Seconds, never going back.
    """

    def __init__(
        self,
        ledger: Remote,
        stand_in: Ledger | None,
        line: Line | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._stand_in = stand_in
        self._line = line or Line(clock)
        self._clock = clock
        self._lost_at: float | None = None
        self._probing: asyncio.Task[None] | None = None

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        """Take from all claims or from none; see `Ledger`."""
        if self._line.fault is None:
            try:
                reservation = await self._ledger.reserve(claims, tokens)
            except Unreachable as error:
                self._line.lost(str(error))
            except RateLimited:
                self._found()
                raise
            else:
                self._found()
                return reservation
        self._lost()
        if self._stand_in is None:
            raise Overloaded("Rate limits can't be checked at the moment.", retry_after=PAUSE)
        return await self._stand_in.reserve(claims, tokens)

    async def probed(self) -> None:
        """Wait for the end of a probe that is under way."""
        if self._probing is not None:
            await asyncio.wait({self._probing})

    async def aclose(self) -> None:
        """Close the guarded one; what stands in for it belongs to somebody else."""
        if self._probing is not None:
            self._probing.cancel()
            await self.probed()
        await self._ledger.aclose()

    async def _probe(self) -> None:
        try:
            await self._ledger.ping()
        except Unreachable as error:
            self._line.lost(str(error))
        else:
            self._found()

    def _lost(self) -> None:
        """Have it probed, if that is due; say so once."""
        if self._line.wants_probe():
            self._probing = asyncio.create_task(self._probe(), name="limits: probing Redis")
        if self._lost_at is None:
            self._lost_at = self._clock()
            meanwhile = "requests with a limit are refused"
            if self._stand_in is not None:
                meanwhile = "each machine counts for itself"
            _log.warning("limits.redis_lost", reason=self._line.fault, meanwhile=meanwhile)

    def _found(self) -> None:
        if self._lost_at is not None:
            seconds = round(self._clock() - self._lost_at, 1)
            self._lost_at = None
            _log.info("limits.redis_found", seconds=seconds)
        self._line.found()
