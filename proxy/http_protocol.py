"""uvicorn's HTTP protocol with bounds: what no client of ours sends is refused before it costs.

Knows uvicorn's httptools protocol; refuses to know routes and keys, which come after it.
"""

from __future__ import annotations

import asyncio
from typing import Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.errors import InvalidRequest

#: The request line and all headers, in bytes; one read of the socket may go beyond it unnoticed.
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_HEADERS: Final = 100
#: Seconds at the end in which a client that has just connected, or begun, can say what it wants.
FIRST_WORDS: Final = 2.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 400, in OpenAI's envelope, to a head that is too large or meant for a proxy."""

    #: What the parser has told of the head, and what it holds back until a line is complete.
    _head_bytes = 0
    _pending_bytes = 0
    _in_head = True
    _made_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        self._made_at = self.loop.time()
        super().connection_made(transport)

    def shutdown(self) -> None:
        """Close once nothing is under way; whoever was let in gets an answer if it asks soon."""
        patience = 0.0
        if self._head_bytes + self._pending_bytes:
            patience = FIRST_WORDS
        elif self.cycle is None:
            patience = self._made_at + FIRST_WORDS - self.loop.time()
        if patience > 0:
            self.loop.call_later(patience, super().shutdown)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the connection; a head may not grow without end."""
        self._pending_bytes += len(data)
        super().data_received(data)
        too_large = self._head_bytes + self._pending_bytes > MAX_HEAD_BYTES
        if self._in_head and too_large and not self.transport.is_closing():
            self.send_400_response("The request's headers are too large.")

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head_bytes = self._pending_bytes = 0
        self._in_head = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take the target: a path, never a URL that names another host than the Host header."""
        super().on_url(url)
        self._count(len(url))
        if not self.url.startswith(b"/") and self.url != b"*":
            raise ValueError("the target is not a path")  # httptools makes a parser error of it

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(len(name) + len(value))
        if len(self.headers) >= MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer; what follows is the body, which has a limit of its own."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request; what follows is the next one's head."""
        super().on_message_complete()
        self._head_bytes = self._pending_bytes = 0
        self._in_head = True

    def _count(self, size: int) -> None:
        self._head_bytes += size
        self._pending_bytes = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse the connection's bytes, and close it."""
        body = orjson.dumps(InvalidRequest(msg, code="invalid_http").envelope())
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
