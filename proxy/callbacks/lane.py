"""A thread for the operator's code, with an event loop of its own.

Whatever that code does, sleep, spin or raise, it can't hold the requests' loop up. Knows bounds of
time and number; refuses to know what is run.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: Things that may be under way at once.
_MOST: Final = 1000
#: Seconds that one of them may take, where it can be ended at all.
_PATIENCE: Final = 30.0
#: Seconds that they have at the end.
_FAREWELL: Final = 5.0
#: Seconds in which things are put together.
_MOMENT: Final = 0.05

#: What is run there.
Work = Callable[[], Awaitable[T]]

#: The same, at once, or what is left of it to be waited for; raises nothing.
Piece = Callable[[], Awaitable[None] | None]


class LaneFull(Exception):
    """As much is under way as may be."""


class Lane:
    """Runs things beside the requests.

    Args:
        most: Things that may be under way at once.
        farewell: Seconds that they have at the end.
    """

    def __init__(self, most: int = _MOST, farewell: float = _FAREWELL) -> None:
        self._most = most
        self._farewell = farewell
        self._count = 0
        self._counting = threading.Lock()
        self._coming: deque[Piece] = deque()
        self._awake = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        # a daemon: what never returns must not keep the process from its end
        self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)
        self._thread.start()

    def post(self, work: Work[T]) -> Future[T]:
        """Begin something; its outcome can be waited for, or given up by cancelling.

        Raises:
            LaneFull: there is no room; nothing is begun.
        """
        self._enter()
        outcome: Future[T] = Future()
        self._loop.call_soon_threadsafe(self._begin, work, outcome)
        return outcome

    def post_soon(self, work: Piece) -> None:
        """Begin something that nobody waits for, together with what comes within a moment.

        Threads that wake each other for every request would cost each more than all else that is
        done for it.

        Raises:
            LaneFull: there is no room; it will not be begun.
        """
        self._enter()
        self._coming.append(work)
        if not self._awake:
            self._awake = True
            self._loop.call_soon_threadsafe(self._loop.call_later, _MOMENT, self._begin_all)

    async def aclose(self) -> None:
        """Let what is under way end, for some seconds; then it is given up."""
        farewell: Future[None] = Future()
        self._loop.call_soon_threadsafe(self._take_leave, farewell)
        with suppress(TimeoutError):  # the thread is in somebody's endless loop: it dies with us
            await asyncio.wait_for(asyncio.wrap_future(farewell), self._farewell + 1)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _enter(self) -> None:
        with self._counting:
            if self._count >= self._most:
                raise LaneFull
            self._count += 1

    def _leave(self) -> None:
        with self._counting:
            self._count -= 1

    def _begin_all(self) -> None:
        self._awake = False  # what is added from here on wakes this thread again
        while self._coming:
            rest = self._coming.popleft()()
            if rest is None:
                self._leave()
            else:
                self._begin(partial(_awaited, rest), Future())

    def _begin(self, work: Work[T], outcome: Future[T]) -> None:
        task = self._loop.create_task(_bounded(work))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, outcome))
        outcome.add_done_callback(partial(self._given_up, task))

    def _ended(self, outcome: Future[T], task: asyncio.Task[T]) -> None:
        self._tasks.discard(task)
        self._leave()
        error = None if task.cancelled() else task.exception()
        if not outcome.set_running_or_notify_cancel():
            return
        if task.cancelled():
            outcome.set_exception(TimeoutError())
        elif error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(task.result())

    def _given_up(self, task: asyncio.Task[T], outcome: Future[T]) -> None:
        if outcome.cancelled():
            self._loop.call_soon_threadsafe(task.cancel)

    def _take_leave(self, farewell: Future[None]) -> None:
        if farewell.set_running_or_notify_cancel():  # else nobody waits for it any more
            finish = self._loop.create_task(self._finish())
            finish.add_done_callback(lambda _: farewell.set_result(None))

    async def _finish(self) -> None:
        self._begin_all()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._farewell)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _awaited(rest: Awaitable[None]) -> None:
    await rest


async def _bounded(work: Work[T]) -> T:
    async with asyncio.timeout(_PATIENCE):
        return await work()
