"""The time by which an answer's head has to be there, on a connection that serves many requests.

Knows the loop's clock. Refuses to know which of the limits it is.
"""

from __future__ import annotations

import asyncio

from adapters.sagemaker.direct.inbox import Inbox


class Alarm:
    """One timer for times that mostly come later and later: it is set anew when it has run out.

    It does not know its connection, which so disappears when it is lost.
    """

    __slots__ = ("_inbox", "_looks_at", "_loop", "_timer", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        self._loop = loop
        self._inbox = inbox
        self._timer: asyncio.TimerHandle | None = None
        self._looks_at = 0.0
        self._until = 0.0

    def set(self, inbox: Inbox, until: float) -> None:
        """Tell this inbox then, by the loop's time, if it is without a head; forget the others."""
        self._inbox, self._until = inbox, until
        if self._timer is None or until < self._looks_at:
            self._look_at(until)

    def stop(self) -> None:
        """Tell nobody."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at(self, at: float) -> None:
        self.stop()
        self._looks_at = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._until:
            self._look_at(self._until)
        elif not self._inbox.status:
            self._inbox.expire()
