"""uvicorn's server, ended by a signal as by an ordinary wish: no error, nothing left open."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM; both end it well, a second SIGINT at once."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals; uvicorn would raise them again afterwards, as if nobody had."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; also in a hurry the application gives up what it holds open."""
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()
