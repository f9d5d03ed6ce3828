"""A request that waits for an endpoint to start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from proxy.routing.gate import Gate

#: Seconds of waiting after which a streaming client is told; what is quicker keeps its status.
MOMENT: Final = 2.0


class Hold:
    """One request in the queues of the gates that it waits at; `leave` ends it.

    Args:
        seconds: How long it waits at most, from now.
        clock: Seconds, such as `time.monotonic`.
        lasts: Called once it has waited for a moment.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float], lasts: Callable[[], None]
    ) -> None:
        self.seconds = seconds
        self.idle = False
        self._clock = clock
        self._until = clock() + seconds
        self._gates: list[Gate] = []
        self._news = asyncio.Event()
        self._telling = asyncio.get_running_loop().call_later(MOMENT, lasts)

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return self._clock() >= self._until

    @property
    def queued(self) -> bool:
        """Whether it has a place in a queue."""
        return bool(self._gates)

    def join(self, gate: Gate, most: int) -> None:
        """Queue up at a gate as well, if fewer than so many wait there."""
        if gate not in self._gates and gate.join(self, most):
            self._gates.append(gate)

    def call(self) -> None:
        """Have it look at its gates again."""
        self._news.set()

    async def wait(self, seconds: float) -> None:
        """Return when it is this request's turn, its time is over, or so many seconds have passed.

        Whose turn it is need not be looked at again before the next `await`.
        """
        until = min(self._until, self._clock() + seconds)
        self.idle = True
        try:
            # The time is read before the gates are asked: what they see may be later, never sooner.
            while (now := self._clock()) < until and not any(
                gate.lets(self) for gate in self._gates
            ):
                self._news.clear()
                await self._sleep(now, until)
        finally:
            self.idle = False
            for gate in self._gates:
                gate.call_next()

    async def _sleep(self, now: float, until: float) -> None:
        """Sleep until something happens, or one of the gates may be asked again."""
        turns = [gate.asks_at for gate in self._gates if gate.asks_at > now]
        with suppress(TimeoutError):
            async with asyncio.timeout(min([until, *turns]) - now):
                await self._news.wait()

    def leave(self) -> None:
        """Wait no longer."""
        self._telling.cancel()
        for gate in self._gates:
            gate.leave(self)
