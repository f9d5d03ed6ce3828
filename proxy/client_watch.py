"""Whether a stream's client is still there, and reads: the one thing beside the writing of it.

Knows the times; refuses to know what is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from starlette.types import Receive


class ClientWatch:
    """Cancels the task that writes once the client has left, or takes nothing any more.

    While nothing else is written it has something written from time to time. One timer is set anew
    only when it has run out, so that a write costs no more than a look at the clock.

    Args:
        write: What writes, given this; begins at once, as a task.
        receive: Gives the client's next message, which is its leaving.
        fill: Writes something in a silence.
        ping_seconds: Seconds of silence.
        send_seconds: Seconds that one write may wait for the client.
    """

    def __init__(
        self,
        write: Callable[[ClientWatch], Coroutine[Any, Any, None]],
        receive: Receive,
        fill: Callable[[], Awaitable[None]],
        *,
        ping_seconds: float,
        send_seconds: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._fill = fill
        self._ping_seconds = ping_seconds
        self._send_seconds = send_seconds
        #: What went wrong beside the writing.
        self._failure: BaseException | None = None
        self._over = self._ends = False
        #: When the last write began, by the loop's clock, and whether it waits for the client.
        self.last_write = self._loop.time()
        self.writing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._timer = self._loop.call_later(min(ping_seconds, send_seconds), self._look)
        # In a task of its own it is not called through all that a request passes, each time.
        self.writer = self._loop.create_task(write(self))
        self._begin(self._listen(receive))

    def stop(self) -> None:
        """Watch no more."""
        self._over = True
        self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def has_ended_it(self) -> bool:
        """Tell whether it was this that cancelled the writing, and not who cancelled the request.

        Raises:
            Exception: what went wrong, where the client did not just leave.
        """
        request = asyncio.current_task()
        if not self._ends or (request is not None and request.cancelling()):
            return False
        if self._failure is not None:
            raise self._failure
        return True

    def _look(self) -> None:
        idle = self._loop.time() - self.last_write
        patience = (self._send_seconds if self.writing else self._ping_seconds) - idle
        if patience > 0:
            self._timer = self._loop.call_later(patience, self._look)
        elif self.writing:
            self._end()
        else:
            self._begin(self._fill_silence())

    async def _fill_silence(self) -> None:
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._fill()
        except TimeoutError:
            self._end()
        else:
            self.last_write = self._loop.time()
            self._timer = self._loop.call_later(self._ping_seconds, self._look)

    async def _listen(self, receive: Receive) -> None:
        await receive()
        self._end()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        task.add_done_callback(self._note)
        self._tasks.append(task)

    def _note(self, task: asyncio.Task[None]) -> None:
        self._tasks.remove(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()
            self._end()

    def _end(self) -> None:
        """Cancel the writing, once."""
        if not (self._over or self._ends):
            self._ends = True
            self.writer.cancel()
