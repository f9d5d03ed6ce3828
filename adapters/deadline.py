"""The time that a call may take as a whole, whatever it waits for."""

from __future__ import annotations

import asyncio
from types import TracebackType

from adapters.errors import DeadlineExceeded


class within:  # noqa: N801 - a statement, as `asyncio.timeout` is one
    """End the block after so many seconds; `asyncio.timeout` in half the calls.

    Raises:
        DeadlineExceeded: it was not through by then.
    """

    __slots__ = ("_alarm", "_cancels", "_is_over", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("Only a task can be told that its time is over.")
        self._task = task
        self._cancels = task.cancelling()
        self._alarm = loop.call_later(self._seconds, self._ring)

    def _ring(self) -> None:
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._alarm.cancel()
        if not self._is_over:
            return
        others = self._task.uncancel() > self._cancels
        if kind is asyncio.CancelledError and not others:
            raise DeadlineExceeded.after(self._seconds) from error
