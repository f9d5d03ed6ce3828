"""One request and its answer on a connection of ours: uvicorn's cycle, with three short ways.

Knows the connection's side of a request; refuses to know what is asked and answered. Each way has
its like in ASGI, which stays as it is for whoever wraps `receive` or `send`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from proxy.bell import Bell
from proxy.http_head import Head, Header
from proxy.standing import written

_OWN_LOG: Final = logging.getLogger("uvicorn.error")
_ACCESS_LOG: Final = logging.getLogger("uvicorn.access")


class Cycle(RequestResponseCycle):
    """A request that has begun to arrive, until its answer is complete.

    Args:
        connection: Its connection.
        head: Its head, which the connection has just read.
        scope: The same, as ASGI has it.
        keep_alive: Whether the client wants to go on with the connection.

    Attributes:
        task: Answers it, once it is its turn.
    """

    # as each one begins; what uvicorn sets for each of them is set where it changes
    logger = _OWN_LOG
    access_logger = _ACCESS_LOG
    access_log = False
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding = None
    expected_content_length = 0
    body: bytes | bytearray = b""  # type: ignore[assignment]
    task: asyncio.Task[None] | None = None
    _leave: Callable[[], object] | None = None

    def __init__(
        self, connection: HttpToolsProtocol, head: Head, scope: Any, *, keep_alive: bool
    ) -> None:
        self.head = head
        self.scope = scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.default_headers = connection.server_state.default_headers
        self.on_response = connection.on_response_complete
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = head.expects_100
        self.message_event = Bell()  # type: ignore[assignment]  # it is one, as far as we need it
        self._tasks = connection.tasks

    def start(self, loop: asyncio.AbstractEventLoop, app: Any) -> None:
        """Have it answered by an application, in a task of its own."""
        self.task = loop.create_task(self.run_asgi(app))
        self._tasks.add(self.task)

    async def run_asgi(self, app: Any) -> None:
        """Answer it, and end the connection where that has failed."""
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as error:  # noqa: BLE001 - as the server's own does: the last resort
            _OWN_LOG.error("Exception in ASGI application\n", exc_info=error)
            await self._break_off()
        else:
            if not self.response_complete and not self.disconnected:
                _OWN_LOG.error("ASGI callable returned without completing response.")
                await self._break_off()
        finally:
            self.on_response = _nothing
            self._tasks.discard(cast("asyncio.Task[None]", self.task))

    async def _break_off(self) -> None:
        if self.response_started:
            self.transport.close()
        else:
            await self.send_500_response()

    def take(self, body: bytes) -> None:
        """Take a part of its body; nobody wants it once it is answered."""
        if self.response_complete:
            return
        if not self.body:
            self.body = body
        elif isinstance(self.body, bytearray):
            self.body += body
        else:
            self.body = bytearray(self.body) + body
        if len(self.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.message_event.set()

    def end_of_body(self) -> None:
        """Note that all of its body has come."""
        if not self.response_complete:
            self.more_body = False
            self.message_event.set()

    def whole_body(self) -> bytes | None:
        """Give the body, where all of it has come and nobody has taken any; else None."""
        if self.more_body or self.disconnected:
            return None
        self.flow.resume_reading()  # what comes now is the client's leaving, or another request
        self.message_event.clear()
        body, self.body = bytes(self.body), b""
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

    def answer(
        self, status: int, headers: Mapping[str, str], body: bytes, standing: bytes = b""
    ) -> None:
        """Send a whole answer in one write; nobody hears it where the client has left.

        Args:
            status: HTTP's.
            headers: With the body's length; names in lower case.
            body: All of it.
            standing: Lines of further headers.

        Raises:
            RuntimeError: a header is none.
        """
        if self.disconnected:
            return
        head = standing + written(headers)
        if headers.get("connection") == "close":
            self.keep_alive = False
        elif not self.keep_alive:
            head += b"connection: close\r\n"
        own = _OWN_LINES.of(self.default_headers)
        if self.scope["method"] == "HEAD":
            body = b""
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"%b%b%b\r\n%b" % (STATUS_LINE[status], own, head, body))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class _OwnLines:
    """The server's own headers, which change once a second, as lines."""

    __slots__ = ("_headers", "_lines")

    def __init__(self) -> None:
        self._headers: list[Header] = []
        self._lines = b""

    def of(self, headers: list[Header]) -> bytes:
        """Write them, unless they are the same list as before; those are never changed."""
        if headers is not self._headers:
            self._lines = b"".join([b"%b: %b\r\n" % header for header in headers])
            self._headers = headers
        return self._lines


_OWN_LINES: Final = _OwnLines()


def _nothing(**_: object) -> None:
    """Do nothing: it has been told."""
