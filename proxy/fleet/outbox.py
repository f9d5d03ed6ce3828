"""What is to be told, until it has been: the newest fact on each subject, and not too many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from proxy.fleet.fact import Fact

#: Facts that wait at most; the oldest go first.
ROOM: Final = 1000


class Outbox:
    """Takes facts at any time, and never makes anybody wait.

    Args:
        clock: Seconds, such as `time.monotonic`.
        room: For so many facts.
    """

    def __init__(self, clock: Callable[[], float], room: int = ROOM) -> None:
        self._clock = clock
        self._room = room
        self._facts: dict[tuple[str, str], tuple[float, Fact]] = {}
        self._news = asyncio.Event()

    def put(self, fact: Fact) -> None:
        """Have a fact told."""
        self._facts.pop(fact.subject, None)
        self._facts[fact.subject] = (self._clock(), fact)
        if len(self._facts) > self._room:
            del self._facts[next(iter(self._facts))]
        self._news.set()

    def give_back(self, facts: Iterable[Fact]) -> None:
        """Take facts back that could not be told; newer ones stay."""
        for fact in facts:
            if fact.subject not in self._facts and len(self._facts) < self._room:
                self._facts[fact.subject] = (self._clock(), fact)

    def wake(self) -> None:
        """Let whoever waits for facts go on without any."""
        self._news.set()

    async def take(self, seconds: float) -> list[Fact]:
        """Give all facts that still stand, oldest first; wait for the first, but no longer."""
        if not self._facts:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        self._news.clear()
        now, waiting = self._clock(), list(self._facts.values())
        self._facts.clear()
        left = (fact.later(now - since) for since, fact in waiting)
        return [fact for fact in left if fact is not None]
