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

    __slots__ = ("_inbox", "_loop", "is_over", "timer", "until")

    def __init__(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        self._loop = loop
        self._inbox = inbox
        self.timer: asyncio.TimerHandle | None = None
        #: By the loop's clock, while somebody waits; later with each wait.
        self.until: float | None = None
        #: It has woken the reader, whose it is to say that it waits again.
        self.is_over = False

    def start(self, until: float) -> None:
        """Begin, for somebody who is about to wait."""
        self.timer = self._loop.call_at(until, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _look(self) -> None:
        self.timer = None
        if self.until is None:
            return
        if self.until > self._loop.time():
            self.timer = self._loop.call_at(self.until, self._look)
        else:
            self.is_over = True
            self._inbox.wake()
