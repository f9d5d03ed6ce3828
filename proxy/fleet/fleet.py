"""A process's place in its fleet, for as long as a configuration with Redis serves.

Configurations that follow one another with the same Redis keep one place. Loads Redis's package,
which is an extra, only where Redis is configured.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.value import value
from proxy.fleet.hearsay import Hearsay
from proxy.fleet.outbox import Outbox
from proxy.limits.ledgers import RedisSettings
from proxy.routing.live import LiveState
from proxy.telemetry.metrics.reporter import Metrics

if TYPE_CHECKING:
    from proxy.fleet.board import Board


@dataclass(slots=True)
class _Place:
    board: Board
    closing: AsyncExitStack
    users: int = 0


@value(frozen=True, slots=True)
class _Counted:
    """Counts what happens at the board."""

    metrics: Metrics

    def facts(self, outcome: str) -> None:
        self.metrics.all.facts.of({"outcome": outcome}).inc()

    def connected(self, *, is_so: bool) -> None:
        self.metrics.all.sharing.metric.set(is_so)


class Fleet:
    """Shares what this process learns.

    Args:
        live: What is known here.
        metrics: Count what is told and heard.
    """

    def __init__(self, live: LiveState, metrics: Metrics) -> None:
        self._live = live
        self._tally = _Counted(metrics)
        self._places: dict[tuple[str, str | None], _Place] = {}

    @asynccontextmanager
    async def open(self, redis: RedisSettings | None) -> AsyncIterator[None]:
        """Share over this Redis for the block, which begins with what others know already.

        Redis may be away then, which delays the block by a moment; its package must be there.

        Args:
            redis: Where it is; None: nothing is shared.
        """
        if redis is None:
            yield
            return
        address = (redis.url, redis.ca_file)
        place = self._places.get(address) or await self._joined(address)
        place.users += 1
        try:
            await place.board.has_read()
            yield
        finally:
            place.users -= 1
            if not place.users:
                del self._places[address]
                await place.closing.aclose()

    async def _joined(self, address: tuple[str, str | None]) -> _Place:
        from proxy.fleet.board import Board  # noqa: PLC0415 - an extra

        url, ca_file = address
        outbox = Outbox(time.monotonic)
        hearsay = Hearsay(self._live, outbox.put, time.monotonic)
        board = Board(url, hearsay, outbox, self._tally, ca_file=ca_file)
        closing = AsyncExitStack()
        self._live.news.listeners.append(hearsay)
        closing.callback(self._live.news.listeners.remove, hearsay)
        await closing.enter_async_context(board.attended())
        place = self._places[address] = _Place(board, closing)
        return place
