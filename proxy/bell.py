"""A bell that is rung more often than anybody waits for it: an `asyncio.Event`, made for who waits.

Most requests are there, and answered, before anybody could wait for news of them.
"""

from __future__ import annotations

import asyncio


class Bell:
    """Rung, it lets pass whoever waits, until it is silenced; in the words of `asyncio.Event`."""

    __slots__ = ("_event", "_rung")

    def __init__(self) -> None:
        self._rung = False
        self._event: asyncio.Event | None = None

    def set(self) -> None:
        """Ring."""
        self._rung = True
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        """Be silent."""
        self._rung = False
        if self._event is not None:
            self._event.clear()

    async def wait(self) -> None:
        """Wait until it rings."""
        if self._rung:
            return
        if self._event is None:
            self._event = asyncio.Event()
        await self._event.wait()
