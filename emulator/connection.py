"""One request and the way back to its caller, over ASGI.

Knows how to notice that the caller has left and how to break the connection off. Refuses to know
what is asked and answered.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Coroutine, Iterable
from functools import cached_property
from typing import TypeVar

from starlette.types import Receive, Scope, Send

from emulator.canonical import SignedRequest

#: Where the server puts the transport; ASGI itself has no way to reset a connection.
TRANSPORT = "emulator.transport"

T = TypeVar("T")
_LINGER_ZERO = struct.pack("ii", 1, 0)  # closing sends RST instead of FIN


class CallerGone(Exception):
    """The caller closed its connection."""


class BodyTooLarge(Exception):
    """The body is larger than the limit."""


class Connection:
    """One HTTP request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._complete = False

    @cached_property
    def headers(self) -> dict[str, str]:
        """The request's headers, lower-case, repeated ones joined with a comma."""
        return self.signed_request(b"").fields

    def signed_request(self, body: bytes) -> SignedRequest:
        """The request as its signature saw it."""
        return SignedRequest(
            method=self._scope["method"],
            raw_path=self._scope["raw_path"],
            query=self._scope["query_string"],
            headers=self._scope["headers"],
            body=body,
        )

    async def read(self, limit: int) -> bytes:
        """Reads the whole body, so that the answer is not lost to a caller still sending.

        Raises:
            BodyTooLarge: It is longer than `limit` bytes.
            CallerGone: It never came to its end.
        """
        chunks: list[bytes] = []
        length = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            chunk = message.get("body", b"")
            length += len(chunk)
            if length <= limit:
                chunks.append(chunk)
            else:
                chunks.clear()
            more = message.get("more_body", False)
        if length > limit:
            raise BodyTooLarge
        return b"".join(chunks)

    async def unless_gone(self, work: Coroutine[None, None, T]) -> T:
        """Does the work, and cancels it when the caller leaves first.

        Raises:
            CallerGone: The caller left before the answer was complete.
        """
        task = asyncio.create_task(work)
        watch = asyncio.create_task(self.gone())
        try:
            await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and not self._complete:
                raise CallerGone
            return await task
        finally:
            task.cancel()
            watch.cancel()
            await asyncio.gather(task, watch, return_exceptions=True)

    async def gone(self) -> None:
        """Returns once the caller has left, or the answer is complete."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def answer(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        """Sends a whole answer."""
        await self.start(status, (*headers, ("content-length", str(len(body)))))
        await self.end(body)

    async def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Sends the head of an answer; without a `content-length` it is chunked."""
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, data: bytes) -> None:
        """Sends some of the body, in one HTTP write."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        """Sends the rest of the body, and ends the answer cleanly."""
        self._complete = True
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    def reset(self) -> None:
        """Breaks the connection off with a TCP reset.

        Raises:
            RuntimeError: The server is not `emulator.server`, which shows its transport.
        """
        transport: asyncio.Transport | None = self._scope.get("extensions", {}).get(TRANSPORT)
        if transport is None:
            raise RuntimeError("connections can be reset only when emulator.server serves")
        if transport.is_closing():
            return
        descriptor = transport.get_extra_info("socket").fileno()
        with socket.socket(fileno=os.dup(descriptor)) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
