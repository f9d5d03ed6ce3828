"""One event loop on a thread of its own: where all of the SDK's I/O happens.

So sync and async callers, in whatever threads and loops, share one pool of connections, and a
caller's loop may come and go. Knows threads and forks; refuses to know what runs on the loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, closing
from typing import Any, Final, Generic, TypeVar

State = TypeVar("State")
T = TypeVar("T")

#: Seconds that a loop may take to end its calls when the process ends.
_PATIENCE: Final = 5.0


class Running(Generic[State]):
    """A running loop and what was opened on it; belongs to the process that started it.

    Args:
        open_state: Opens what the loop's work shares; it is closed on the loop as well.
    """

    def __init__(self, open_state: Callable[[], AbstractAsyncContextManager[State]]) -> None:
        self._open_state = open_state
        self._pid = os.getpid()
        self._ready: concurrent.futures.Future[tuple[asyncio.AbstractEventLoop, State]] = (
            concurrent.futures.Future()
        )
        self._ended: asyncio.Event | None = None
        # The state lives in the thread's frames: in a forked child those are never taken down, so
        # nothing there closes the parent's connections.
        self._thread = threading.Thread(target=self._run, name="sagegate", daemon=True)
        self._thread.start()
        self._loop, self.state = self._ready.result()

    @property
    def alive(self) -> bool:
        """Whether work may be given to it, here."""
        return self._pid == os.getpid() and self._thread.is_alive() and not self._loop.is_closed()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start work on the loop; cancelling the future cancels the work.

        Raises:
            RuntimeError: the loop has ended, or is another process's.
        """
        if not self.alive:
            work.close()
            raise RuntimeError("the SDK was closed, or this process was forked, since the call")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Give the work's result; a caller that is interrupted takes the work with it."""
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def result(self, work: Coroutine[Any, Any, T]) -> T:
        """Give the work's result to another loop; cancelling the wait cancels the work."""
        return await asyncio.wrap_future(self.submit(work))

    def stop(self) -> None:
        """Cancel all work, close what was opened, and end the thread."""
        if self.alive and self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            opening = self._open_state()
            # Not `asyncio.run`: its end starts a thread, which an ending interpreter does not
            # allow.
            with closing(asyncio.new_event_loop()) as loop:
                loop.run_until_complete(self._serve(opening))
                loop.run_until_complete(loop.shutdown_asyncgens())
        except Exception as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self, opening: AbstractAsyncContextManager[State]) -> None:
        async with opening as state:
            self._ended = asyncio.Event()
            self._ready.set_result((asyncio.get_running_loop(), state))
            await self._ended.wait()
            await _cancel_all()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Background(Generic[State]):
    """The running loop, started when it is first needed, and anew in a forked child.

    Args:
        open_state: As in `Running`.
    """

    def __init__(self, open_state: Callable[[], AbstractAsyncContextManager[State]]) -> None:
        self._open_state = open_state
        self._lock = threading.Lock()
        self._running: Running[State] | None = None
        os.register_at_fork(after_in_child=self._forget)

    def running(self) -> Running[State]:
        """Give the running loop."""
        with self._lock:
            if self._running is None or not self._running.alive:
                self._running = Running(self._open_state)
            return self._running

    def stop(self) -> None:
        """End the loop, if there is one; the next call starts another."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.stop()

    def _forget(self) -> None:
        """Begin anew: in a forked child neither the thread nor the lock's holder is there."""
        self._lock = threading.Lock()
        self._running = None
