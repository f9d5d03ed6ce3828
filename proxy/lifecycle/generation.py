"""One configuration's time of service.

Knows who is still served with it; refuses to know what it is made of, and what comes after it.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from proxy.gateway import Gateway


class Generation:
    """A gateway and the requests that are answered with it.

    Args:
        gateway: The snapshot.
        opened: What gave it; left when it is closed.
    """

    def __init__(self, gateway: Gateway, opened: AbstractAsyncContextManager[Gateway]) -> None:
        self.gateway = gateway
        #: Requests under way.
        self.calls = 0
        self._opened = opened
        self._idle = asyncio.Event()
        self._retired = False

    @classmethod
    async def of(cls, opening: AbstractAsyncContextManager[Gateway]) -> Generation:
        """Open a gateway; whatever stands in the way is raised as it is."""
        return cls(await opening.__aenter__(), opening)

    def enter(self) -> None:
        """Count a request in."""
        self.calls += 1

    def leave(self) -> None:
        """Count a request out."""
        self.calls -= 1
        if self._retired and not self.calls:
            self._idle.set()

    async def retire(self) -> None:
        """Wait for the last request, then close; no further request may enter."""
        self._retired = True
        if self.calls:
            await self._idle.wait()
        await self.aclose()

    async def aclose(self) -> None:
        """Close what the gateway holds open, whoever is still served with it."""
        await self._opened.__aexit__(None, None, None)
