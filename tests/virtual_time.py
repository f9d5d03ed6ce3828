"""An event loop whose time jumps: where nothing is left to do, it is the next timer's hour."""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Never sleeps: what was to be slept is added to the time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("everybody waits, and no timer is set")
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which hours pass in milliseconds."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Give the virtual time, in seconds."""
        return self._jumping.now


def clock() -> float:
    """Give the running loop's time, in seconds."""
    return asyncio.get_running_loop().time()


def unsteady(late: float, reading: float) -> Callable[[], float]:
    """Give a clock that is behind the loop's timers by this share, and goes on with each reading.

    So real ones do: a timer may fire a little early, and time passes between two lines of code.
    """
    readings = itertools.count()
    begun = clock()
    return lambda: begun + (clock() - begun) * (1 - late) + next(readings) * reading


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())
