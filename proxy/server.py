"""uvicorn's server with an end of our own: announced, patient, and never a cut without a word.

Knows signals, connections and the order of the end. Refuses to know what is served, and how a
process of several is told.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from adapters.errors import ConfigError
from adapters.value import value
from proxy.garbage import looked_for
from proxy.http_protocol import FIRST_WORDS
from proxy.lifecycle.control import Control
from proxy.lifecycle.life import Life

#: Seconds in which what is cut can say so.
LAST_WORDS: Final = 2.0
#: Seconds between two looks at what is still open.
_LOOK: Final = 0.05
#: Seconds in which a client must have agreed on TLS.
_HANDSHAKE_SECONDS: Final = 10.0

_log = structlog.stdlib.get_logger("sagegate")


@value(frozen=True, slots=True, kw_only=True)
class Patience:
    """The seconds that an end takes.

    Args:
        notice: From the signal until new connections are refused; readiness fails at once, so that
            load balancers stop sending before it hurts.
        grace: From then until what is still open is cut.
    """

    notice: float = 0.0
    grace: float = 60.0


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM, and reloads at SIGHUP.

    SIGTERM: readiness fails and answers close their connections; after the notice the listeners
    close; after the grace, or at a second signal, open streams end with an error event and other
    requests with a 503. SIGINT does without the notice: a person waits. Both are no error.
    """

    def __init__(self, config: uvicorn.Config, patience: Patience) -> None:
        super().__init__(config)
        self._patience = patience
        self._life: Life | None = None
        #: When the listeners close, by `time.monotonic`.
        self._closes_at: float | None = None
        self._reload_asked = False
        self._reloads: set[asyncio.Task[None]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals; uvicorn would raise them again afterwards, as if nobody had."""
        with super().capture_signals():
            previous = signal.signal(signal.SIGHUP, self._ask_for_reload)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, previous)
                self._captured_signals.clear()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end at the first signal; at the second one, hurry."""
        del frame
        if self._closes_at is None:
            self.stop(0.0 if sig == signal.SIGINT else self._patience.notice)
        else:
            self.hurry()

    def stop(self, notice: float) -> None:
        """Begin the end, unless it has begun.

        Args:
            notice: Seconds for which new connections are still taken.
        """
        if self._closes_at is None:
            self._closes_at = time.monotonic() + notice
        if self._life is None:
            self.should_exit = True  # nothing is served yet
        else:
            self._life.drain.begun = True

    def hurry(self) -> None:
        """End now."""
        self.should_exit = self.force_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then take connections."""
        looked_for()
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise SystemExit(STARTUP_FAILURE)
        self._life = self.lifespan.state["life"]
        await self.enlist(self.lifespan.state)
        loop, config = asyncio.get_running_loop(), self.config
        self.servers = [
            await loop.create_server(
                self._protocol,
                sock=each,
                ssl=config.ssl,
                backlog=config.backlog,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if config.ssl else None,
            )
            for each in sockets or ()
        ]
        self.started = True

    async def enlist(self, state: dict[str, Any]) -> None:
        """Do what must be done between the application's start and its first request.

        Args:
            state: The application's; what is in it requests will see.
        """

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    async def on_tick(self, counter: int) -> bool:
        """Do what a signal has asked for; tell whether the listeners close now."""
        if self._reload_asked and not self._reloads:  # many signals meanwhile are one
            self._reload_asked = False
            task = asyncio.create_task(self._reload(), name="reload")
            self._reloads.add(task)
            task.add_done_callback(self._reloads.discard)
        due = self._closes_at is not None and time.monotonic() >= self._closes_at
        return await super().on_tick(counter) or due

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners, let what is open finish, and cut what does not."""
        accepted = [each for listener in sockets or () for each in _accepted(listener)]
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        await asyncio.gather(*(self._welcome(each) for each in accepted))
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if not await self._emptied(self._patience.grace):
            await self._cut()
        await self.lifespan.shutdown()

    async def _welcome(self, connection: socket.socket) -> None:
        """Serve somebody who had connected before the end, and whom nobody had let in yet."""
        loop = asyncio.get_running_loop()
        with suppress(OSError, TimeoutError):  # gone meanwhile, or slow to agree on its ciphers
            async with asyncio.timeout(FIRST_WORDS):
                await loop.connect_accepted_socket(self._protocol, connection, ssl=self.config.ssl)

    async def _emptied(self, seconds: float, *, hurried: bool = False) -> bool:
        """Wait until nothing is open; False: the time is over, or somebody is in a hurry."""
        state = self.server_state
        ends_at = time.monotonic() + seconds
        while state.tasks or state.connections:
            if time.monotonic() >= ends_at or (self.force_exit and not hurried):
                return False
            await asyncio.sleep(_LOOK)
        return True

    async def _cut(self) -> None:
        """End what is open: each request can still say that it was cut."""
        state = self.server_state
        _log.warning("drain.cut", requests=len(state.tasks), hurried=self.force_exit)
        if self._life is not None:
            self._life.drain.cut = True
        for task in list(state.tasks):
            task.cancel()
        if await self._emptied(LAST_WORDS, hurried=True):
            return
        for connection in list(state.connections):
            connection.transport.abort()  # somebody who does not read
        if state.tasks:
            await asyncio.wait(list(state.tasks), timeout=LAST_WORDS)

    def _ask_for_reload(self, sig: int, frame: FrameType | None) -> None:
        del sig, frame
        self._reload_asked = True

    async def _reload(self) -> None:
        control: Control = self.lifespan.state["control"]
        try:
            await control.reload()
        except ConfigError:
            return  # it is logged, and everything stays as it was
        except Exception:  # noqa: BLE001 - it is logged, and what is served stays
            _log.exception("reload.failed")


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """Give those who have connected and wait: closing the listener would cut them off.

    Where no more files may be open the rest is cut off.
    """
    listener.settimeout(0)
    try:
        while True:
            yield listener.accept()[0]
    except BlockingIOError:
        return
    except OSError as error:
        _log.warning("drain.not_accepted", reason=error.strerror)
