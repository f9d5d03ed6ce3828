"""uvicorn's HTTP protocol with bounds: what no client of ours sends is refused before it costs.

Knows connections: who is answered when, and when one ends; refuses to know routes and keys, which
come after it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

import structlog
from httptools import HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.errors import DeadlineExceeded, GatewayError, Overloaded
from proxy.http_bounds import MAX_PIPELINED, Bounds
from proxy.http_cycle import Cycle
from proxy.http_head import BadHead, Head, refused
from proxy.http_patience import Patience
from proxy.http_reader import RequestReader
from proxy.http_refusal import refusal
from proxy.http_scope import Scopes
from proxy.timer import Timer

#: Seconds at the end in which a client that has just connected, or begun, can say what it wants.
FIRST_WORDS: Final = 2.0

_log = structlog.stdlib.get_logger("sagegate")


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses, in OpenAI's envelope, what is too large, too slow, too many or not clear.

    Args:
        bounds: What its connection may cost.
        connection: uvicorn's own arguments.
    """

    def __init__(self, *, bounds: Bounds | None = None, **connection: Any) -> None:
        super().__init__(**connection)
        self._bounds = bounds or Bounds()
        self._reader = RequestReader(self._begin)
        self._patience = Patience(self.loop, self._bounds, self)
        #: What follows is not read.
        self._deaf = False
        #: Since when nobody has used the connection; None while somebody does.
        self._unused_since: float | None = None
        self._leaving = Timer(self.loop)
        #: Whose turn it is, or was last; the newest, which may wait behind it, is `cycle`.
        self._answering: Cycle | None = None
        self._made_at = self.loop.time()

    # ------------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, unless there are too many."""
        self._made_at = self.loop.time()
        super().connection_made(transport)
        self._scopes = Scopes(self)
        count, most = len(self.connections), self._bounds.connections
        if count > most:
            self.connections.discard(self)
            self._refuse(
                Overloaded("Too many connections.", code="too_many_connections", retry_after=1)
            )
            return
        if count == most:
            _log.warning("connections.full", connections=count)
        self._patience.wait_for("nothing", 0)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._leaving.stop()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        answering = self._answering
        if answering is not None and not answering.response_complete:
            answering.left()
        # what holds itself would wait for the collector
        self._patience.close()
        self._reader.close()
        self.pipeline.clear()
        self.cycle = None  # type: ignore[assignment]  # as before the first one

    def shutdown(self) -> None:
        """Close once nothing is under way; whoever was let in gets an answer if it asks soon."""
        patience = 0.0
        if self._reader.begun or self._reader.held:
            patience = FIRST_WORDS
        elif self.cycle is None:
            patience = self._made_at + FIRST_WORDS - self.loop.time()
        if patience > 0 and not self._deaf:
            self.loop.call_later(patience, super().shutdown)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the connection."""
        if self._deaf:
            return
        self._unused_since = None
        reader = self._reader
        ended = reader.ended
        try:
            reader.feed(data)
        except HttpParserUpgrade:
            self._unsupported_upgrade_warning()
        except BadHead as bad:
            self.logger.warning("Invalid HTTP request received.")
            self._refuse(bad.error)
        if self._deaf:
            self._patience.rest()
        elif not reader.in_head:
            self._patience.wait_for("body", reader.ended)
        elif reader.begun or ended == reader.ended:
            self._patience.wait_for("headers", reader.ended)
        else:
            self._patience.rest()

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

    # ------------------------------------------------------------------ requests, in their turn

    def _begin(self, head: Head, *, keep_alive: bool) -> Cycle:
        """Answer a request, once those before it are answered."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise refused("Too many requests wait on this connection.", status=429)
        before = self.cycle
        cycle = self.cycle = Cycle(self, head, self._scopes.of(head), keep_alive=keep_alive)
        self._deaf = head.upgrades  # what follows is another protocol, which nobody here speaks
        if before is None or before.response_complete:
            self._start(cycle)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, cast("Any", self.app)))
        return cycle

    def _start(self, cycle: Cycle) -> None:
        self._answering = cycle
        cycle.start(self.loop, self.app)

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
            next_one, _ = self.pipeline.pop()
            self._start(cast("Cycle", next_one))
            return
        self._unused_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_later(self.timeout_keep_alive)

    # ------------------------------------------------------------------ who is late, or refused

    def is_held_up(self) -> bool:
        """Whether it is not the client who makes us wait."""
        return self.flow.read_paused

    def useful_bytes(self) -> int:
        """Give how much of a body has come; what nobody reads, for it is answered, is useless."""
        done = self.cycle is None or self.cycle.response_complete
        return 0 if done else self._reader.body_bytes

    def on_late(self, what: str) -> None:
        """Close on a client that says nothing, and refuse what it has begun to say."""
        if what == "nothing":
            self._close()
        else:
            late = f"The request's {what} did not arrive in time."
            self._refuse(DeadlineExceeded(late, code="request_timeout"))

    def _refuse(self, error: GatewayError) -> None:
        """Refuse what has come, and close; requests before it are still answered."""
        if self._deaf:
            return
        self._deaf = True
        arriving = not self._reader.in_head
        if arriving and self.pipeline:
            self.pipeline.popleft()  # the newest one, whose body will never be whole
        elif arriving:
            self._give_up(cast("Cycle", self.cycle), error)
            return
        if self.cycle is None or (self.cycle.response_complete and not self.pipeline):
            self._answer(error)

    def _give_up(self, cycle: Cycle, error: GatewayError) -> None:
        """End the request whose body is being read."""
        cycle.left()
        if cycle.response_started:
            self._close()
        else:
            self._answer(error)

    def _answer(self, error: GatewayError) -> None:
        self.transport.write(refusal(error, self.server_state.default_headers))
        self._close()
