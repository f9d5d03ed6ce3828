"""uvicorn's HTTP protocol with bounds: what no client of ours sends is refused before it costs.

Knows uvicorn's httptools protocol, and how long each side may take; refuses to know routes and
keys, which come after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import unquote

import structlog
from httptools import HttpParserError, HttpParserUpgrade, parse_url
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from adapters.errors import DeadlineExceeded, GatewayError, InvalidRequest, Overloaded
from proxy.errors import error_response
from proxy.http_bounds import MAX_PIPELINED, Bounds
from proxy.http_cycle import Cycle
from proxy.http_head import BadHead, check_head, check_target, refused

#: The request line and all headers, in bytes; one read of the socket may go beyond it unnoticed.
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 100
#: Seconds at the end in which a client that has just connected, or begun, can say what it wants.
FIRST_WORDS: Final = 2.0

_log = structlog.stdlib.get_logger("sagegate")


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses, in OpenAI's envelope, what is too large, too slow, too many or not clear.

    A request that arrives in one piece starts no timer.

    Args:
        bounds: What its connection may cost.
        connection: uvicorn's own arguments.
    """

    def __init__(self, *, bounds: Bounds | None = None, **connection: Any) -> None:
        super().__init__(**connection)
        self._bounds = bounds or Bounds()
        #: What the parser has told of the head, and what it holds back until a line is complete.
        self._head_bytes = 0
        self._pending_bytes = 0
        self._body_bytes = 0
        self._in_head = True
        #: Whether a head has begun, and how many requests have ended.
        self._begun = False
        self._ended = 0
        #: What follows is not read.
        self._deaf = False
        self._refusal: GatewayError | None = None
        self._awaited: tuple[str, int] | None = None
        #: Since when nobody has used the connection; None while somebody does.
        self._unused_since: float | None = None
        self._made_at = 0.0
        self._arriving = _Timer(self.loop)
        self._leaving = _Timer(self.loop)
        self._made_at = self.loop.time()

    # ------------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, unless there are too many."""
        self._made_at = self.loop.time()
        super().connection_made(transport)
        count, most = len(self.connections), self._bounds.connections
        if count > most:
            self.connections.discard(self)
            self._refuse(
                Overloaded("Too many connections.", code="too_many_connections", retry_after=1)
            )
            return
        if count == most:
            _log.warning("connections.full", connections=count)
        self._await("nothing")

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._arriving.stop()
        self._leaving.stop()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        if isinstance(self.cycle, Cycle) and self.cycle.disconnected:
            self.cycle.left()

    def shutdown(self) -> None:
        """Close once nothing is under way; whoever was let in gets an answer if it asks soon."""
        patience = 0.0
        if self._begun or self._head_bytes + self._pending_bytes:
            patience = FIRST_WORDS
        elif self.cycle is None:
            patience = self._made_at + FIRST_WORDS - self.loop.time()
        if patience > 0 and not self._deaf:
            self.loop.call_later(patience, super().shutdown)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the connection; a head may not grow without end."""
        if self._deaf:
            return
        ended = self._ended
        self._pending_bytes += len(data)
        self._unused_since = None
        parser: Any = self.parser
        try:
            parser.feed_data(data)
        except HttpParserUpgrade:
            self._unsupported_upgrade_warning()
        except HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
        if self._in_head and self._head_bytes + self._pending_bytes > MAX_HEAD_BYTES:
            self._refuse(refused("The request's headers are too large.", status=431).error)
        if self._deaf:
            self._arriving.stop()
        elif not self._in_head:
            self._await("body")
        elif self._begun or ended == self._ended:
            self._await("headers")
        else:
            self._await(None)

    def pause_writing(self) -> None:
        """Wait for the client to take what was written."""
        super().pause_writing()
        self._leaving.start(self._bounds.write, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        self._leaving.stop()
        if self.transport.is_closing():
            self._leaving.start(self._bounds.write, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that nobody has used for long enough.

        One timer stands while requests come and go: to set one for each costs more than to look.
        """
        self.timeout_keep_alive_task = None
        if self._unused_since is None:
            return  # the end of what is under way starts it anew
        left = self._unused_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_later(left)
        else:
            self._close()

    def _look_later(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _close(self) -> None:
        """Close once the client has taken what is left, or when it takes too long for that."""
        self._deaf = True
        self.transport.close()
        self._leaving.start(self._bounds.write, self.transport.abort)

    # ------------------------------------------------------------------ what is slow

    def _await(self, what: str | None) -> None:
        """Begin to wait for something of the client's, unless that is under way."""
        awaited = None if what is None else (what, self._ended)
        if awaited == self._awaited:
            return
        self._arriving.stop()
        self._awaited = awaited
        self._since = self.loop.time()
        if what is not None:
            self._arriving.start(self._patience(), self._on_late)

    def _patience(self) -> float:
        """Give the seconds that what is awaited may still take."""
        assert self._awaited is not None  # noqa: S101 - only asked while something is
        bounds, taken = self._bounds, self.loop.time() - self._since
        if self._awaited[0] == "body":
            # what nobody reads any more, because the answer is there, buys no time
            useful = 0 if self.cycle.response_complete else self._body_bytes
            return bounds.body_seconds(useful) - taken
        return bounds.headers - taken

    def _on_late(self) -> None:
        if self.flow.read_paused:  # it is not the client who makes us wait
            self._since = self.loop.time()
        left = self._patience()
        if left > 0:
            self._arriving.start(left, self._on_late)
            return
        what = self._awaited[0] if self._awaited else ""
        if what == "nothing":
            self._close()
        else:
            late = f"The request's {what} did not arrive in time."
            self._refuse(DeadlineExceeded(late, code="request_timeout"))

    # ------------------------------------------------------------------ the parser's news

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head_bytes = self._pending_bytes = self._body_bytes = 0
        self._begun = True
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_url(self, url: bytes) -> None:
        """Take the target, or a part of it."""
        self.url += url
        self._head_bytes += len(url)
        self._pending_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one that comes behind the body is counted, and is nobody's."""
        self._head_bytes += len(name) + len(value)
        self._pending_bytes = 0
        if len(self.headers) >= MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            self._fail(refused("The request has too many headers.", status=431))
        if not self._in_head:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer; what follows is the body, which has a limit of its own."""
        parser: Any = self.parser
        method, version, upgrades = (
            parser.get_method(),
            parser.get_http_version(),
            parser.should_upgrade(),
        )
        try:
            check_target(method, self.url)
            check_head(version, self.headers, upgrades=upgrades)
        except BadHead as bad:
            self._fail(bad)
        if len(self.pipeline) >= MAX_PIPELINED:
            self._fail(refused("Too many requests wait on this connection.", status=429))
        self._complete_scope(method, version)
        self._begin(Cycle.of(self, keep_alive=version != "1.0" and parser.should_keep_alive()))
        self._in_head = False
        self._deaf = upgrades  # what follows is another protocol, which nobody here speaks

    def _complete_scope(self, method: bytes, version: str) -> None:
        """Describe the request as ASGI does."""
        target = parse_url(self.url)
        path = target.path.decode("ascii")
        scope: Any = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": method.decode("ascii"),
            "root_path": self.root_path,
            "path": self.root_path + (unquote(path) if "%" in path else path),
            "raw_path": self.root_path.encode("ascii") + target.path,
            "query_string": target.query or b"",
            "headers": self.headers,
            "state": self.app_state.copy(),
        }
        self.scope = scope

    def _begin(self, cycle: Cycle) -> None:
        """Answer a request, once those before it are answered."""
        app: Any = self.app
        before, self.cycle = self.cycle, cycle
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body_bytes += len(body)
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """End a request; what follows is the next one's head."""
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()
        self._head_bytes = self._pending_bytes = 0
        self._in_head = True
        self._begun = False
        self._ended += 1

    def on_response_complete(self) -> None:
        """Go on with the next request, unless what follows can't be trusted."""
        self.server_state.total_requests += 1
        last = not self.pipeline
        closing = self.transport.is_closing()
        if not closing:
            self.flow.resume_reading()
            self._go_on()
        if closing or (self._deaf and last):
            self._close()

    def _go_on(self) -> None:
        """Begin with the next request, or wait for one."""
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._unused_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_later(self.timeout_keep_alive)

    # ------------------------------------------------------------------ what is refused

    def _fail(self, bad: BadHead) -> None:
        """Stop the parser, which calls `send_400_response` then."""
        self._refusal = bad.error
        raise bad

    def _refuse(self, error: GatewayError) -> None:
        self._refusal = error
        self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """Refuse what has come, and close; requests before it are still answered."""
        if self._deaf:
            return
        self._deaf = True
        error = self._refusal or InvalidRequest(msg, code="invalid_http")
        if not self._in_head and self.pipeline:
            self.pipeline.popleft()  # the newest one, whose body will never be whole
        elif not self._in_head:
            self._give_up(error)
            return
        if self.cycle is None or (self.cycle.response_complete and not self.pipeline):
            self._answer(error)

    def _give_up(self, error: GatewayError) -> None:
        """End the request whose body is being read."""
        cycle = cast("Cycle", self.cycle)
        cycle.left()
        if cycle.response_started:
            self._close()
        else:
            self._answer(error)

    def _answer(self, error: GatewayError) -> None:
        answer = error_response(error)
        headers = [
            *self.server_state.default_headers,
            *((name.encode(), value.encode()) for name, value in answer.fields.items()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[error.status] + lines + b"\r\n" + bytes(answer.body))
        self._close()


class _Timer:
    """Calls something once, after a while, unless it is stopped before."""

    __slots__ = ("_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, then: Callable[[], object]) -> None:
        """Begin anew."""
        self.stop()
        self._handle = self._loop.call_later(seconds, then)

    def stop(self) -> None:
        """Forget it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
