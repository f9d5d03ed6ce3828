"""A worker as its supervisor sees it: a process, the wire to it, and its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from multiprocessing.context import ForkServerProcess
from typing import Any

from proxy.lifecycle.wire import Wire, WireCut

#: Starts a process that takes over one end of a pair of sockets.
Spawn = Callable[[socket.socket], ForkServerProcess]


class Process:
    """A running worker.

    Args:
        spawn: Starts it.
        answering: Answers what it asks.
    """

    def __init__(self, spawn: Spawn, answering: Callable[[Process, Any], Awaitable[Any]]) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = spawn(theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()  # so that its end shows here
        self.pid = self._process.pid
        #: Whether it serves.
        self.ready = False
        self._connecting = asyncio.create_task(Wire.connect(ours, partial(answering, self)))
        self._listening = asyncio.create_task(self._listen())

    async def ask(self, order: object) -> Any:
        """Give its answer to an order.

        Raises:
            WireCut: it is gone, or failed.
        """
        wire = await asyncio.shield(self._connecting)
        return await wire.ask(order)

    async def ended(self) -> int:
        """Wait for its end; give its exit code, which is negative for a signal's number."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        loop.add_reader(self._process.sentinel, ended.set_result, None)
        try:
            await ended
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        code = self._process.exitcode
        await self._listening
        self._process.close()
        return code if code is not None else 1

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    async def _listen(self) -> None:
        wire = await asyncio.shield(self._connecting)
        await wire.listen()


async def asked(worker: Process, order: object, seconds: float) -> bool:
    """Give an order; tell whether it was carried out in time."""
    try:
        await asyncio.wait_for(worker.ask(order), seconds)
    except (WireCut, TimeoutError):
        return False
    return True
