"""Work that comes to its end once it has begun, whether or not anybody still waits for it.

SQLAlchemy closes a connection whose statement is cancelled, and with aiosqlite that may never end:
the process could not either (https://github.com/sqlalchemy/sqlalchemy/issues/13039).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Running:
    """Work that has begun, and has not ended."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def until_done(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work; who waits for it may be cancelled, the work is not."""
        task = asyncio.create_task(work, name="keys.database")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def end(self) -> None:
        """Wait for all of it."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits has it; if nobody does, it is nobody's


class _Working(Protocol):
    running: Running


W = TypeVar("W", bound=_Working)


def unbroken(
    method: Callable[Concatenate[W, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[W, P], Coroutine[Any, Any, T]]:
    """Make a method's work come to its end."""

    @wraps(method)
    def begin(self: W, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return self.running.until_done(method(self, *args, **kwargs))

    return begin
