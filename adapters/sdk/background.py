"""One event loop on a thread of its own: where all of the SDK's I/O happens.

So sync and async callers, in whatever threads and loops, share one pool of connections, and a
caller's loop may come and go. Knows threads and forks; refuses to know what runs on the loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, closing
from typing import Any, Final, Generic, TypeVar

from adapters.errors import Overloaded

State = TypeVar("State")
T = TypeVar("T")

#: Seconds that a loop may take to end its calls when the process ends.
_PATIENCE: Final = 5.0


class Running(Generic[State]):
    """A loop and what was opened on it; belongs to the process that started it.

    Args:
        open_state: Opens what the loop's work shares; it is closed on the loop as well.
    """

    #: What was opened; there once `opened` has returned.
    state: State

    def __init__(self, open_state: Callable[[], AbstractAsyncContextManager[State]]) -> None:
        self._open_state = open_state
        self._pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._takes_work = True
        # Work that is started before the end is there to be cancelled. The garbage collector may
        # start some too, whatever its thread is doing: hence a lock that a thread may take twice.
        self._gate = threading.RLock()
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        # The state lives in the thread's frames: in a forked child those are never taken down, so
        # nothing there closes the parent's connections.
        self._thread = threading.Thread(target=self._run, name="sagegate", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether work may be given to it, here."""
        return self._is_here and self._takes_work

    @property
    def _is_here(self) -> bool:
        """Whether this is the process of its thread; in another its lock may be held for ever."""
        return self._pid == os.getpid()

    def opened(self) -> None:
        """Wait until the state is there; an opening that fails is raised here."""
        self._ready.result()

    async def opened_soon(self) -> None:
        """As `opened`, for a caller with a loop, which goes on meanwhile."""
        # Others wait for the same: one that leaves must not cancel it.
        await asyncio.shield(asyncio.wrap_future(self._ready))

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start work on the loop; cancelling the future cancels the work.

        Raises:
            Overloaded: the loop has ended, or is another process's.
        """
        if self._is_here:
            with self._gate:
                if self._takes_work:
                    return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        raise _closed()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Give the work's result; a caller that is interrupted takes the work with it.

        Raises:
            Overloaded: the loop has ended, before the work or in the middle of it.
        """
        future = self.submit(work)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise _closed() from None
        except BaseException:
            future.cancel()
            raise

    async def result(self, work: Coroutine[Any, Any, T]) -> T:
        """Give the work's result to another loop; cancelling the wait cancels the work.

        Raises:
            Overloaded: the loop has ended, before the work or in the middle of it.
        """
        future = asyncio.wrap_future(self.submit(work))
        try:
            # Unlike `await future`, it ends by cancellation only where the caller was cancelled.
            await asyncio.wait((future,))
        except BaseException:
            future.cancel()
            raise
        if future.cancelled():
            raise _closed()
        return future.result()

    def end(self) -> None:
        """Take no more work, and have all that runs cancelled, and what was opened closed."""
        if self._is_here:
            with self._gate:
                if self._takes_work:
                    self._takes_work = False
                    self._loop.call_soon_threadsafe(self._ended.set)

    def stop(self) -> None:
        """End the loop, and wait for its thread."""
        self.end()
        if self._is_here:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        # Not `asyncio.run`: its end starts a thread, which an ending interpreter does not allow.
        with closing(self._loop) as loop:
            try:
                loop.run_until_complete(self._serve(self._open_state()))
                loop.run_until_complete(loop.shutdown_asyncgens())
            except Exception as error:
                with self._gate:
                    self._takes_work = False
                if self._ready.done():
                    raise
                self._ready.set_exception(error)

    async def _serve(self, opening: AbstractAsyncContextManager[State]) -> None:
        async with opening as self.state:
            self._ready.set_result(None)
            await self._ended.wait()
            await _cancel_all()


async def _cancel_all() -> None:
    """Cancel every other task, also those that are begun by the end of another."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _closed() -> Overloaded:
    return Overloaded(
        "The SDK was closed, or this process was forked, since the call.", code="closed"
    )


class Background(Generic[State]):
    """The running loop, started when it is first needed, and anew in a forked child.

    Dropping the last reference to it ends its loop, without waiting.

    Args:
        open_state: As in `Running`; it must hold no reference to the background.
    """

    def __init__(self, open_state: Callable[[], AbstractAsyncContextManager[State]]) -> None:
        self._open_state = open_state
        self._lock = threading.Lock()
        self._running: Running[State] | None = None
        _backgrounds.add(self)

    def running(self) -> Running[State]:
        """Give the running loop; the first call waits for its start."""
        running = self._started()
        running.opened()
        return running

    async def running_soon(self) -> Running[State]:
        """As `running`, for a caller with a loop, which goes on meanwhile."""
        running = self._started()
        await running.opened_soon()
        return running

    def stop(self) -> None:
        """End the loop, if there is one; the next call starts another."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.stop()

    def forget(self) -> None:
        """Begin anew: in a forked child neither the thread nor the lock's holder is there."""
        self._lock = threading.Lock()
        self._running = None

    def _started(self) -> Running[State]:
        with self._lock:
            if self._running is None or not self._running.alive:
                self._running = Running(self._open_state)
                weakref.finalize(self, self._running.end).atexit = False
            return self._running


#: A hook of the interpreter's is for ever, so there is one for all of them.
_backgrounds: Final[weakref.WeakSet[Background[Any]]] = weakref.WeakSet()


def _forget_all() -> None:
    for background in tuple(_backgrounds):
        background.forget()


os.register_at_fork(after_in_child=_forget_all)
