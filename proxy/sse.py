"""Chunks as server-sent events, written together as they come together.

A lean subclass of sse-starlette's response: one task writes, and what watches the client beside
it sends comments while nothing else is sent, and ends a write that is not taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Final, Protocol

import orjson
import structlog
from sse_starlette.sse import AppStatus, EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from adapters.answer_stream import batches_of
from adapters.base import Json
from adapters.errors import GatewayError
from proxy.client_watch import ClientWatch
from proxy.errors import unexpected

# The stock class patches uvicorn to cut streams at shutdown; ours may finish within the drain time.
AppStatus.enable_automatic_graceful_drain = False

#: Seconds without an event after which a comment keeps the connection alive.
PING_SECONDS: Final = 15.0
#: Seconds that one write may wait for a client that does not read.
SEND_SECONDS: Final = 60.0

_DONE: Final = b"data: [DONE]\n\n"
_PING: Final = b": ping\n\n"
_WAITING: Final = b": waiting for the endpoint to start\n\n"

_log = structlog.stdlib.get_logger("sagegate")


class ChunkSource(Protocol):
    """Chunks, a few at a time; raises `GatewayError` when they break off."""

    def __aiter__(self) -> AsyncIterator[list[Json]]: ...

    async def aclose(self) -> None:
        """Give up what is held open."""
        ...


class ChunkResponse(EventSourceResponse):
    """A stream in OpenAI's form: `data: {chunk}` each, then `data: [DONE]`.

    After a failure the last event is `data: {"error": ...}`, and there is no `[DONE]`. The source
    is closed however the response ends.

    Args:
        source: The chunks.
        headers: Beside those of every stream.
        held: The first chunk has to wait for an endpoint to start: comments say so until it comes.
        ping_seconds: Seconds without an event after which a comment is sent.
        send_seconds: Seconds that one write may wait for the client.
    """

    def __init__(
        self,
        source: ChunkSource,
        headers: Mapping[str, str],
        *,
        held: bool = False,
        ping_seconds: float = PING_SECONDS,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        super().__init__(source, headers={"Cache-Control": "no-cache", **headers}, sep="\n")
        self._source = source
        self._comment = _WAITING if held else _PING
        self._ping_seconds = ping_seconds
        self._send_seconds = send_seconds
        #: Writes events at once, where the server lets us; false where they have to be sent.
        self.write_part: Callable[[bytes], bool] = _not_at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; ends early, and quietly, when the client leaves."""
        del scope
        watch = ClientWatch(
            partial(self._write_all, send),
            receive,
            partial(self._comment_on, send),
            ping_seconds=self._ping_seconds,
            send_seconds=self._send_seconds,
        )
        try:
            await watch.writer
        except asyncio.CancelledError:
            if not watch.has_ended_it():
                raise
        finally:
            watch.stop()
            await self._source.aclose()

    async def _write_all(self, send: Send, watch: ClientWatch) -> None:
        watch.writing = True
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if self._comment is not _PING:
            await self._comment_on(send)
        watch.writing = False
        clock = asyncio.get_running_loop().time
        try:
            batches = batches_of(self._source)
            take, more, write = batches.take_events, batches.more, self.write_part
            while True:
                events = take()
                if events is not None:
                    self._comment = _PING
                    watch.last_write = clock()
                    if not write(events):
                        watch.writing = True
                        await send(_body(events))
                        watch.writing = False
                await more()
        except StopAsyncIteration:
            last = _DONE
        except GatewayError as error:
            last = error_event(error)
        except Exception:  # noqa: BLE001 - logged; the client must not take it for an end
            _log.exception("stream.failed")
            last = error_event(unexpected())
        watch.last_write = clock()
        watch.writing = True
        await send(_body(last))
        await send(_body(b"", more=False))

    async def _comment_on(self, send: Send) -> None:
        """Say that there is nothing to say yet."""
        await send(_body(self._comment))


def error_event(error: GatewayError) -> bytes:
    """Give the last event of a stream that breaks off."""
    return b"data: %b\n\n" % orjson.dumps(error.envelope())


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether these are the headers of a stream of events."""
    return headers.get("content-type", "").startswith("text/event-stream")


def _not_at_once(_: bytes) -> bool:
    return False


def _body(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
