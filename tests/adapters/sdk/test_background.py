"""The SDK's own loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

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
    with pytest.raises(RuntimeError, match="closed"):
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
    started.wait()
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
