"""The SDK's own loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import os
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from adapters.errors import Overloaded
from adapters.sdk.background import Background


class Shelf:
    """Notes what is opened and closed, on which thread."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def opener(self) -> Callable[[], AbstractAsyncContextManager[Shelf]]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Shelf]:
            self.said.append(f"open on {threading.current_thread().name}")
            try:
                yield self
            finally:
                self.said.append("closed")

        return opened


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_it_starts_once_and_again_after_a_stop() -> None:
    """One loop serves all callers until it is stopped; the next caller gets another."""
    shelf = Shelf()
    background = Background(shelf.opener())
    background.stop()
    assert shelf.said == []

    running = background.running()
    assert running.wait(double(2)) == 4
    assert background.running() is running
    assert running.state is shelf
    background.stop()
    assert shelf.said == ["open on sagegate", "closed"]
    assert not running.alive

    assert background.running().wait(double(3)) == 6
    background.stop()


def test_what_is_over_takes_no_work() -> None:
    """Work for a loop that has ended is refused, and leaves no coroutine behind."""
    background = Background(Shelf().opener())
    running = background.running()
    background.stop()
    with pytest.raises(Overloaded, match="closed"):
        running.submit(double(1))
    running.stop()


def test_a_stop_cancels_what_runs() -> None:
    """Callers that wait are told; the state is closed after the work on it has ended."""
    shelf = Shelf()
    background = Background(shelf.opener())
    started = threading.Event()

    async def long() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            shelf.said.append("cancelled")

    future = background.running().submit(long())
    assert started.wait(5)
    background.stop()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()
    assert shelf.said[1:] == ["cancelled", "closed"]


async def test_another_loop_may_wait() -> None:
    """Results and errors reach a caller with a loop of its own; cancelling it cancels the work."""
    background = Background(Shelf().opener())
    running = background.running()
    assert await running.result(double(5)) == 10

    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await running.result(fail())
    background.stop()


def test_an_opening_that_fails_is_the_callers_error() -> None:
    """What can't be opened is told to whoever called, and is tried again by the next call."""
    attempts: list[int] = []

    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        attempts.append(1)
        raise OSError("no sockets")
        yield

    background = Background(broken)
    for _ in range(2):
        with pytest.raises(OSError, match="no sockets"):
            background.running()
    assert len(attempts) == 2


async def forever(started: threading.Event) -> None:
    started.set()
    await asyncio.Event().wait()


def test_who_waits_for_what_was_stopped_is_told() -> None:
    """A caller without a loop, who cancelled nothing, gets an error and no cancellation."""
    background = Background(Shelf().opener())
    running = background.running()
    started = threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(running.wait, forever(started))
        assert started.wait(5)
        background.stop()
        with pytest.raises(Overloaded, match="closed"):
            waiting.result(5)


async def test_a_task_that_nobody_cancelled_is_not_cancelled() -> None:
    """A caller with a loop gets an error where the work was stopped, and goes on."""
    background = Background(Shelf().opener())
    running = background.running()
    started = threading.Event()
    waiting = asyncio.create_task(running.result(forever(started)))
    assert await asyncio.to_thread(started.wait, 5)
    background.stop()
    with pytest.raises(Overloaded, match="closed"):
        await asyncio.wait_for(waiting, 5)


async def test_a_caller_that_leaves_takes_the_work_with_it() -> None:
    """Cancelling the wait is a cancellation, and reaches the work."""
    background = Background(Shelf().opener())
    ended = threading.Event()
    started = threading.Event()

    async def work() -> None:
        try:
            await forever(started)
        finally:
            ended.set()

    waiting = asyncio.create_task(background.running().result(work()))
    assert await asyncio.to_thread(started.wait, 5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(ended.wait, 5)
    background.stop()


def test_a_call_in_the_middle_of_a_stop_does_not_hang() -> None:
    """While the state is being closed, work is refused at once: nobody would ever run it."""
    closing, go_on = threading.Event(), threading.Event()

    @asynccontextmanager
    async def slow_to_close() -> AsyncIterator[None]:
        yield
        closing.set()
        await asyncio.to_thread(go_on.wait, 5)

    background = Background(slow_to_close)
    running = background.running()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        stopping = pool.submit(background.stop)
        assert closing.wait(5)
        late = pool.submit(running.wait, double(1))
        try:
            with pytest.raises(Overloaded, match="closed"):
                late.result(5)
        finally:
            go_on.set()
            stopping.result(5)


async def test_a_callers_loop_goes_on_while_the_first_call_opens() -> None:
    """Opening takes a third of a second, which a caller's loop has other uses for."""
    go_on = threading.Event()

    @asynccontextmanager
    async def slow_to_open() -> AsyncIterator[None]:
        assert await asyncio.to_thread(go_on.wait, 5)
        yield

    background = Background(slow_to_open)
    leaving = asyncio.create_task(background.running_soon())
    staying = asyncio.create_task(background.running_soon())
    await asyncio.sleep(0)
    leaving.cancel()
    go_on.set()  # reached only where the loop was free
    assert await (await staying).result(double(4)) == 8
    assert background.running() is await staying
    background.stop()


def test_work_may_begin_work_while_it_is_cancelled() -> None:
    """What a task's end begins is cancelled as well before the state is closed."""
    shelf = Shelf()
    background = Background(shelf.opener())
    started = threading.Event()
    kept: list[asyncio.Task[None]] = []

    async def late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            shelf.said.append("late")

    async def work() -> None:
        try:
            await forever(started)
        finally:
            kept.append(asyncio.create_task(late()))
            await asyncio.sleep(0)

    background.running().submit(work())
    assert started.wait(5)
    background.stop()
    assert shelf.said[1:] == ["late", "closed"]


def test_a_background_that_is_dropped_ends() -> None:
    """Neither the hook for forks nor its own thread keeps one alive."""
    shelf = Shelf()
    background = Background(shelf.opener())
    running = background.running()
    gone = weakref.ref(background)
    del background
    gc.collect()
    assert gone() is None
    running.stop()
    assert shelf.said[-1] == "closed"


def test_a_forked_child_begins_anew() -> None:
    """The parent's loop takes no work there, and the child starts its own."""
    background = Background(Shelf().opener())
    parents = background.running()
    child = os.fork()
    if child == 0:
        try:
            with pytest.raises(Overloaded):
                parents.submit(double(1))
            parents.stop()
            answer = background.running().wait(double(21))
        except BaseException:  # noqa: BLE001 - a child must not go on with the parent's tests
            answer = 1
        os._exit(answer)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 42
    assert parents.wait(double(1)) == 2
    background.stop()


def test_what_is_forgotten_is_left_alone() -> None:
    """Beginning anew, as a forked child does, touches nothing of what ran before."""
    background = Background(Shelf().opener())
    before = background.running()
    background.forget()
    after = background.running()
    assert after is not before
    assert (before.wait(double(1)), after.wait(double(2))) == (2, 4)
    before.stop()
    background.stop()
