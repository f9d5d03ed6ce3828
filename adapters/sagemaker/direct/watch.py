"""The time that a reader may wait for an answer's next bytes.

Knows the loop's clock. Refuses to know which of the limits it is.
"""

from __future__ import annotations

import asyncio

from adapters.sagemaker.direct.inbox import Inbox


class Watch:
    """Tells an inbox when its reader has waited too long; one timer, set anew when it has run out.

    It does not know the response, which so disappears when nobody has it any more.
    """

    __slots__ = ("_inbox", "_loop", "timer", "until")

    def __init__(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        self._loop = loop
        self._inbox = inbox
        self.timer: asyncio.TimerHandle | None = None
        #: How long the latest wait may take, by the loop's clock; later with each wait.
        self.until = 0.0

    def start(self) -> None:
        """Begin, for somebody who is about to wait."""
        self.timer = self._loop.call_at(self.until, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _look(self) -> None:
        self.timer = None
        if not self._inbox.is_awaited:
            return
        if self.until > self._loop.time():
            self.start()
        else:
            self._inbox.expire()
