"""Runs an emulator: in the foreground for people, in a thread for tests.

Knows sockets, signals and uvicorn. Refuses to know what is served.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.app import create_app
from emulator.connection import TRANSPORT
from emulator.settings import Settings

_BACKLOG = 2048


class _Protocol(HttpToolsProtocol):
    """Shows the application its transport, so that it can reset the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]  # ours


class Server(uvicorn.Server):
    """A uvicorn server that stops at once, also with streams open, and without an error code."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="on",
                log_level="error",
                access_log=False,
                server_header=False,
                # With a clock of its own, the application writes the date.
                date_header=not app.state.runtime.settings.clock_ahead,
                # As long as a load balancer keeps an idle connection, not uvicorn's five seconds.
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )
        self._app = app
        self.ready = threading.Event()

    def serve_until_told(self, listener: socket.socket) -> None:
        """Serves until `should_exit` is set or a signal comes; `ready` is set in any case."""
        try:
            self.run([listener])
        finally:
            self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and says so."""
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops without waiting for answers under way: their callers see a reset."""
        self._app.state.runtime.break_off()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Treats SIGINT and SIGTERM as the wish to stop, which is no failure."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def listen(host: str, port: int) -> socket.socket:
    """Opens the listening socket; port 0 chooses a free one.

    Raises:
        OSError: The port is taken or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


@contextmanager
def running_emulator(settings: Settings | None = None) -> Iterator[str]:
    """Runs an emulator in a thread, on a free port of 127.0.0.1; yields its base URL."""
    listener = listen("127.0.0.1", 0)
    server = Server(create_app(settings or Settings()))
    thread = threading.Thread(target=server.serve_until_told, args=(listener,), name="emulator")
    thread.start()
    server.ready.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
