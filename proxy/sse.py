"""Chunks as server-sent events, written together as they come together.

A lean subclass of sse-starlette's response: one task writes, one listens for the client's leaving,
sends comments while nothing else is sent, and ends a write that the client does not take.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

import orjson
import structlog
from sse_starlette.sse import AppStatus, EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from adapters.base import Json
from adapters.errors import GatewayError
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
        self._last_write = 0.0
        self._writing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; ends early, and quietly, when the client leaves."""
        del scope
        writer = asyncio.ensure_future(self._write_all(send))
        watcher = asyncio.ensure_future(self._watch(receive, send))
        try:
            await asyncio.wait({writer, watcher}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.cancel()
            watcher.cancel()
            await asyncio.gather(writer, watcher, return_exceptions=True)
            await self._source.aclose()
        for task in (writer, watcher):
            if not task.cancelled():
                task.result()

    async def _write_all(self, send: Send) -> None:
        await self._write(
            send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        )
        if self._comment is not _PING:
            await self._write(send, _body(self._comment))
        loop = asyncio.get_running_loop()
        try:
            async for batch in self._source:
                self._comment = _PING
                self._last_write = loop.time()
                self._writing = True
                await send(_body(_events(batch)))
                self._writing = False
        except GatewayError as error:
            last = error_event(error)
        except Exception:  # noqa: BLE001 - logged; the client must not take it for an end
            _log.exception("stream.failed")
            last = error_event(unexpected())
        else:
            last = _DONE
        await self._write(send, _body(last))
        await self._write(send, _body(b"", more=False))

    async def _write(self, send: Send, message: Message) -> None:
        self._last_write = asyncio.get_running_loop().time()
        self._writing = True
        await send(message)
        self._writing = False

    async def _watch(self, receive: Receive, send: Send) -> None:
        """Return when the client has left, or does not read."""
        loop = asyncio.get_running_loop()
        self._last_write = loop.time()
        listening = asyncio.ensure_future(receive())
        try:
            while not listening.done():
                idle = loop.time() - self._last_write
                patience = (self._send_seconds if self._writing else self._ping_seconds) - idle
                if patience > 0:
                    await asyncio.wait({listening}, timeout=patience)
                elif self._writing or not await self._fill_silence(send):
                    return
            listening.result()
        finally:
            listening.cancel()

    async def _fill_silence(self, send: Send) -> bool:
        """Send a comment; tell whether the client took it in time."""
        try:
            async with asyncio.timeout(self._send_seconds):
                await send(_body(self._comment))
        except TimeoutError:
            return False
        self._last_write = asyncio.get_running_loop().time()
        return True


def error_event(error: GatewayError) -> bytes:
    """Give the last event of a stream that breaks off."""
    return _events([error.envelope()])


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether these are the headers of a stream of events."""
    return headers.get("content-type", "").startswith("text/event-stream")


def _body(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


def _events(chunks: list[Json]) -> bytes:
    """Write chunks as events; there is one at least."""
    return b"data: %b\n\n" % b"\n\ndata: ".join(map(orjson.dumps, chunks))
