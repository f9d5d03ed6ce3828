"""The time that a reader may wait for an answer's next bytes.

Knows the loop's clock. Refuses to know which of the limits it is.
"""

from __future__ import annotations

import asyncio

from adapters.sagemaker.direct.inbox import Inbox


class Watch:
    """Wakes an inbox's reader when its time is over; one timer, set anew only when it has run out.

    It does not know the response, which so disappears when nobody has it any more.
    """

    __slots__ = ("_inbox", "_loop", "_timer", "_until", "is_over")

    def __init__(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        self._loop = loop
        self._inbox = inbox
        self._timer: asyncio.TimerHandle | None = None
        #: While somebody waits; later with each wait.
        self._until: float | None = None
        self.is_over = False

    def begin(self, until: float) -> None:
        """Give the reader until then."""
        self._until = until
        self.is_over = False
        if self._timer is None:
            self._timer = self._loop.call_at(until, self._look)

    def end(self) -> None:
        """Take note that nobody waits."""
        self._until = None

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._until is None:
            return
        if self._until > self._loop.time():
            self._timer = self._loop.call_at(self._until, self._look)
        else:
            self.is_over = True
            self._inbox.wake()
