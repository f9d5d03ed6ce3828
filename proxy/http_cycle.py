"""One request and its answer on a connection of ours: uvicorn's cycle, with three short ways.

Knows the connection's side of a request; refuses to know what is asked and answered. Each way has
its like in ASGI, which stays as it is for whoever wraps `receive` or `send`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Self

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

#: What no header may have, beside the end of its line.
_CONTROLS: Final = bytes([*range(9), *range(11, 13), *range(14, 32), 127])


class Cycle(RequestResponseCycle):
    """A request that has begun to arrive, until its answer is complete."""

    _leave: Callable[[], object] | None = None

    @classmethod
    def of(cls, connection: HttpToolsProtocol, *, keep_alive: bool) -> Self:
        """Give that of the request whose head a connection has just read."""
        return cls(
            scope=connection.scope,
            transport=connection.transport,
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=connection.access_log,
            default_headers=connection.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=connection.expect_100_continue,
            keep_alive=keep_alive,
            on_response=connection.on_response_complete,
        )

    def whole_body(self) -> bytes | None:
        """Give the body, where all of it has come and nobody has taken any; else None."""
        if self.more_body or self.disconnected:
            return None
        self.flow.resume_reading()  # what comes now is the client's leaving, or another request
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return body

    def watch(self, leave: Callable[[], object]) -> None:
        """Call `leave` once the client has left: never within this call, and until `unwatch`."""
        self._leave = leave
        if self.disconnected:
            asyncio.get_running_loop().call_soon(self._tell)

    def unwatch(self) -> None:
        """Forget whom to call."""
        self._leave = None

    def left(self) -> None:
        """Note that the client has left, or is heard no more."""
        self.disconnected = True
        self.message_event.set()
        self._tell()

    def _tell(self) -> None:
        if self._leave is not None:
            self._leave()

    def write_part(self, body: bytes) -> bool:
        """Write a part of an answer in chunks, at once; false where it has to be sent."""
        if self.flow.write_paused or self.disconnected or self.response_complete:
            return False
        if not self.chunked_encoding:
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(body), body))
        return True

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send a whole answer in one write; its headers have its length, names in lower case.

        Raises:
            RuntimeError: a header is none.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        head = _head(headers)
        self.keep_alive = self.keep_alive and headers.get("connection") != "close"
        if not self.keep_alive and "connection" not in headers:
            head += b"connection: close\r\n"
        own = b"".join([b"%b: %b\r\n" % header for header in self.default_headers])
        sent = b"" if self.scope["method"] == "HEAD" else body
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"%b%b%b\r\n%b" % (STATUS_LINE[status], own, head, sent))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _head(headers: Mapping[str, str]) -> bytes:
    """Write headers; nothing in them may end a line of its own."""
    head = ("\r\n".join(map(": ".join, headers.items())) + "\r\n").encode("latin-1")
    ends = head.count(b"\r"), head.count(b"\n")
    if ends != (len(headers), len(headers)) or head.translate(None, _CONTROLS) != head:
        raise RuntimeError("Invalid HTTP header.")
    return head
