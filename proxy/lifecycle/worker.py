"""One of several processes that serve together: it does what the supervisor says.

Signals that reach it by itself: SIGTERM ends it like an order to stop, and it is replaced; SIGHUP
is passed on, so that all reload; SIGINT is left to the supervisor, which gets it too.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from adapters.errors import ConfigError
from proxy.lifecycle.control import Reloaded
from proxy.lifecycle.life import Life
from proxy.lifecycle.orders import (
    Announce,
    Backlog,
    BacklogOfAll,
    DrainAll,
    Hurry,
    Ready,
    ReloadAll,
    ReloadAnswer,
    Stop,
    Take,
)
from proxy.lifecycle.wire import Wire, WireCut
from proxy.server import Patience, Server


class ThroughSupervisor:
    """The control of a gateway of several processes, as a worker has it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def reload(self) -> Reloaded:
        """Have every worker reload."""
        answer: ReloadAnswer = await self._wire.ask(ReloadAll())
        if answer.reloaded is None:
            raise ConfigError(answer.refusal)
        return answer.reloaded

    async def drain(self) -> None:
        """Have every worker announce the end."""
        await self._wire.ask(DrainAll())

    async def backlog(self) -> int:
        """Count every worker's requests."""
        count: int = await self._wire.ask(BacklogOfAll())
        return count


class Worker(Server):
    """A server that takes orders.

    Args:
        shared: The folder of all workers; removed here if the supervisor is gone.
        end: Its end of the pair of sockets that it shares with the supervisor.
        plan: The number of the plan that it begins with.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        patience: Patience,
        *,
        end: socket.socket,
        plan: int,
        shared: Path | None,
    ) -> None:
        super().__init__(config, patience)
        self._shared = shared
        self._end = end
        self._plan = plan
        self._listening: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at SIGTERM; only the supervisor can make it hurry."""
        del frame
        if sig == signal.SIGTERM:
            self.stop(self._patience.notice)

    async def enlist(self, state: dict[str, Any]) -> None:
        """Join the others: serve what they serve by now, before the first request."""
        wire = await Wire.connect(self._end, self._obey)
        state["control"] = ThroughSupervisor(wire)
        self._listening = asyncio.create_task(self._listen(wire), name="orders")
        with suppress(WireCut):  # then the listening ends as well, and stops this process
            later = await wire.ask(Ready(self._plan))
            if later is not None:
                await self._served.take(later)

    @property
    def _served(self) -> Life:
        life: Life = self.lifespan.state["life"]
        return life

    async def _listen(self, wire: Wire) -> None:
        """Take orders; without a supervisor nobody would ever stop this process."""
        await wire.listen()
        self.stop(self._patience.notice)
        if self._shared is not None:  # what is open in it stays open
            shutil.rmtree(self._shared, ignore_errors=True)

    async def _obey(self, order: Any) -> Any:
        answer = None
        match order:
            case Take(plan):
                await self._served.take(plan)
            case Announce():
                self._served.drain.begun = True
            case Stop(notice):
                self.stop(notice)
            case Hurry():
                self.stop(0)
                self.hurry()
            case Backlog():
                answer = self._served.calls
        return answer


def work(
    config: uvicorn.Config,
    patience: Patience,
    sockets: Sequence[socket.socket],
    *,
    end: socket.socket,
    plan: int,
    shared: Path | None,
) -> None:
    """Be a worker: what a forked process runs."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what it is forked from ignores it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the server takes it
    config.configure_logging()
    Worker(config, patience, end=end, plan=plan, shared=shared).run(list(sockets))
