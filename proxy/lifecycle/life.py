"""What a process serves now, and whether it is ending.

Knows generations of gateways and when each is over; refuses to know how one is built, what makes
the process reload, and signals.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from proxy.gateway import Gateway
from proxy.lifecycle.drain import Drain
from proxy.lifecycle.generation import Generation
from proxy.lifecycle.plan import Plan

#: Opens the gateway of a plan; the one that it follows, if any, may leave it what is still true.
Build = Callable[[Plan, Gateway | None], AbstractAsyncContextManager[Gateway]]
#: Makes a plan's process-wide settings true, before its gateway is built.
Settle = Callable[[Plan], None]


class Life:
    """The cell that holds the current gateway, and the ones that still end.

    Made by `living`.
    """

    def __init__(self, build: Build, settle: Settle, plan: Plan, first: Generation) -> None:
        self.drain = Drain()
        self._build = build
        self._settle = settle
        self._plan = plan
        self._current = first
        self._one_at_a_time = asyncio.Lock()
        #: Generations that still have requests, each with what waits for the last of them.
        self._retiring: dict[Generation, asyncio.Task[None]] = {}

    def enter(self) -> Generation:
        """Let a request in: it is served with what is given here to its end, and then leaves it."""
        self._current.enter()
        return self._current

    @property
    def calls(self) -> int:
        """Requests under way."""
        return self._current.calls + sum(each.calls for each in self._retiring)

    async def take(self, plan: Plan) -> None:
        """Serve a plan from now on; requests under way keep what they began with.

        Raises:
            Exception: its gateway can't be built; what was served stays.
        """
        async with self._one_at_a_time:
            self._settle(plan)
            try:
                coming = await Generation.of(self._build(plan, self._current.gateway))
            except BaseException:
                self._settle(self._plan)
                raise
            going, self._current, self._plan = self._current, coming, plan
        task = asyncio.create_task(going.retire(), name="retiring")
        self._retiring[going] = task
        task.add_done_callback(lambda _: self._retiring.pop(going))

    async def aclose(self) -> None:
        """Close everything, whoever is still served."""
        left = dict(self._retiring)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        for generation in (*left, self._current):
            await generation.aclose()


@asynccontextmanager
async def living(build: Build, settle: Settle, plan: Plan) -> AsyncIterator[Life]:
    """Serve a plan, and those that follow it, for the block."""
    life = Life(build, settle, plan, await Generation.of(build(plan, None)))
    try:
        yield life
    finally:
        await life.aclose()
