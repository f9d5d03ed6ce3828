"""The fake runtime's sockets: reads requests, writes what was made at start.

Knows HTTP/1.1 as httptools parses it; refuses to know what the bytes mean.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Mapping
from typing import Protocol, cast

import httptools

from benchmarks.upstream.replies import FORBIDDEN, Reply, reply_to
from benchmarks.upstream.signature import is_signed


class _Parser(Protocol):
    def feed_data(self, data: bytes) -> None: ...
    def get_method(self) -> bytes: ...


class Runtime(asyncio.Protocol):
    """One connection: answers each request by its path, and reads nothing else of it."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._parser: _Parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._timer: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say nothing more."""
        del exc
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def on_url(self, url: bytes) -> None:
        """Take the target, or a part of it."""
        self._url += url

    def on_message_complete(self) -> None:
        """Answer."""
        reply = self._reply()
        self._url = b""
        loop = asyncio.get_running_loop()
        if reply.delay:
            at = loop.time() + reply.delay
            self._timer = loop.call_at(at, self._write, reply, 0, at)
        elif len(reply.writes) == 1:
            self._transport.write(reply.writes[0])
        else:
            self._write(reply, 0, loop.time())

    def _reply(self) -> Reply:
        return reply_to(self._url.decode("latin-1"))

    def _write(self, reply: Reply, number: int, began: float) -> None:
        """Write one part; the next one follows at its time, whatever this one was late."""
        self._transport.write(reply.writes[number])
        number += 1
        if number == len(reply.writes):
            self._timer = None
            if reply.cut:
                self._transport.close()
            return
        loop = asyncio.get_running_loop()
        if reply.pace:
            at = began + number * reply.pace
            self._timer = loop.call_at(at, self._write, reply, number, began)
        else:
            self._timer = loop.call_soon(self._write, reply, number, began)


class VerifyingRuntime(Runtime):
    """The same, for requests that are signed with a known key; 403 to all others."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__()
        self._secrets = secrets
        self._headers: list[tuple[str, str]] = []
        self._body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body += body

    def _reply(self) -> Reply:
        headers, body = self._headers, self._body
        self._headers, self._body = [], b""
        method, path = self._parser.get_method().decode(), self._url.decode("latin-1")
        signed = is_signed(self._secrets, method, path, dict(headers), body)
        return super()._reply() if signed else FORBIDDEN


async def serve(
    port: int, tls: ssl.SSLContext | None = None, secrets: Mapping[str, str] | None = None
) -> None:
    """Serve on 127.0.0.1 until SIGINT or SIGTERM.

    Args:
        port: The port.
        tls: Serves https.
        secrets: By access key id; None checks no signature.
    """
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)

    def connection() -> Runtime:
        return Runtime() if secrets is None else VerifyingRuntime(secrets)

    server = await loop.create_server(connection, "127.0.0.1", port, ssl=tls, backlog=1024)
    await over.wait()
    server.close()
