"""The parent of several workers: it keeps them going, and does to all of them what is done to one.

Knows processes, signals and orders. Refuses to know what is served: it has the configuration read,
so that all workers serve the same one, and hands it on.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from multiprocessing.context import ForkServerProcess
from typing import Any, Final

import structlog
from uvicorn.config import STARTUP_FAILURE

from adapters.errors import ConfigError
from proxy.lifecycle.control import Reloaded, Reread, read, told
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
from proxy.lifecycle.plan import Plan
from proxy.lifecycle.process import Process, asked
from proxy.lifecycle.wire import WireCut
from proxy.server import LAST_WORDS, Patience

#: Seconds until a worker that could not even start is started again.
_PAUSE: Final = 1.0
#: Seconds beyond its own patience after which a worker that does not end is killed.
_STUCK: Final = 2 * LAST_WORDS
#: Seconds that a worker may take for an order; new credentials may take some of them.
_ORDER_SECONDS: Final = 30.0

#: Starts a worker: its first plan, that plan's number, its end of a pair of sockets.
Spawn = Callable[[Plan, int, socket.socket], ForkServerProcess]

_log = structlog.stdlib.get_logger("sagegate")


class Supervisor:
    """Runs workers until SIGTERM or SIGINT; a second one makes it hurry, SIGHUP makes it reload.

    Args:
        plan: What they serve first.
        reread: Gives what they serve after a reload.
        spawn: Starts a worker.
        sockets: The listening ones; closed here when the end begins, so that the workers' are the
            last.
        patience: The workers'.
        bury: Takes over what a worker that is gone has left, by its process id.
    """

    def __init__(
        self,
        *,
        plan: Plan,
        reread: Reread,
        spawn: Spawn,
        sockets: Sequence[socket.socket],
        patience: Patience,
        bury: Callable[[int], None],
    ) -> None:
        self._plan = plan
        self._number = 0
        self._reread = reread
        self._spawn = spawn
        self._sockets = tuple(sockets)
        self._patience = patience
        self._bury = bury
        self._workers: list[Process] = []
        self._one_reload = asyncio.Lock()
        #: A signal's reload waits for its turn: further signals meanwhile mean the same one.
        self._reload_waits = False
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._announced = False
        #: Whether a worker has ever served: what can't start once may do so later.
        self._served = False
        self._code = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, count: int) -> int:
        """Keep so many workers going until the end; give the exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop, self._patience.notice)
        loop.add_signal_handler(signal.SIGINT, self.stop, 0.0)
        loop.add_signal_handler(signal.SIGHUP, self._reload_once)
        await asyncio.gather(*(self._keep() for _ in range(count)))
        return self._code

    def stop(self, notice: float) -> None:
        """End the workers, each when its requests are done; the second time at once."""
        if self._stopping.is_set():
            self._hurrying.set()
            self._in_background(self._ask_all(Hurry()))
            return
        self._stopping.set()
        for listener in self._sockets:
            listener.close()
        self._in_background(self._ask_all(Stop(notice)))

    def _reload_once(self) -> None:
        if not self._reload_waits:
            self._reload_waits = True
            self._in_background(self._reload())

    async def _keep(self) -> None:
        """Keep one worker going: whenever it ends, another one takes its place."""
        while not self._stopping.is_set():
            worker = Process(lambda end: self._spawn(self._plan, self._number, end), self._answer)
            self._workers.append(worker)
            code = await self._ended(worker)
            self._workers.remove(worker)
            if worker.pid is not None:
                await asyncio.to_thread(self._bury, worker.pid)
            if self._stopping.is_set():
                return
            if code == STARTUP_FAILURE and not self._served:
                self._code = STARTUP_FAILURE
                self.stop(0.0)
                return
            _log.warning("worker.replaced", pid=worker.pid, exit_code=code)
            if not worker.ready:
                await _until(asyncio.create_task(asyncio.sleep(_PAUSE)), self._stopping)

    async def _ended(self, worker: Process) -> int:
        """Wait for a worker's end; once all shall end, only for so long."""
        patience = self._patience.notice + self._patience.grace + _STUCK
        ending = asyncio.create_task(worker.ended())
        await _until(ending, self._stopping)
        await _until(ending, self._hurrying, patience)
        await asyncio.wait({ending}, timeout=_STUCK)
        if not ending.done():
            _log.error("worker.killed", pid=worker.pid)
            self._code = 1
            worker.kill()
        return await ending

    async def _answer(self, worker: Process, question: Any) -> Any:
        """Answer what a worker asks."""
        match question:
            case Ready(number):
                return self._welcome(worker, number)
            case ReloadAll():
                return await self._reload()
            case DrainAll():
                self._announced = True
                return await self._ask_all(Announce())
            case BacklogOfAll():
                return await self._backlog()

    def _welcome(self, worker: Process, number: int) -> Plan | None:
        """Take a worker into service; give the plan that it missed, if there is one."""
        worker.ready = self._served = True
        if self._announced:
            self._in_background(worker.ask(Announce()))
        return None if number == self._number else self._plan

    async def _reload(self) -> ReloadAnswer:
        """Have every worker serve what the configuration says now."""
        async with self._one_reload:
            self._reload_waits = False
            try:
                plan = await read(self._reread)
            except ConfigError as error:
                return ReloadAnswer(refusal=str(error))
            self._plan, self._number = plan, self._number + 1
            taken = await self._ask_all(Take(plan), [each for each in self._workers if each.ready])
        reloaded = Reloaded(workers=sum(taken), of=len(taken), notices=plan.notices)
        return ReloadAnswer(reloaded=told(reloaded))

    async def _ask_all(self, order: object, whom: Sequence[Process] | None = None) -> list[bool]:
        """Give an order; tell of each worker whether it was carried out."""
        workers = self._workers if whom is None else whom
        return await asyncio.gather(*(asked(each, order, _ORDER_SECONDS) for each in workers))

    async def _backlog(self) -> int:
        counts = await asyncio.gather(
            *(each.ask(Backlog()) for each in self._workers if each.ready),
            return_exceptions=True,
        )
        return sum(count for count in counts if not isinstance(count, BaseException))

    def _in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, WireCut):
            _log.error("order.failed", exc_info=error)


async def _until(
    ending: asyncio.Task[Any], event: asyncio.Event, seconds: float | None = None
) -> None:
    """Wait until a task has ended, an event has come, or the time is over."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({ending, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
