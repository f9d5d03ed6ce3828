"""A client's connection, as lean as it can be, and the answers that come over it.

Knows HTTP/1.1 as httptools parses it, and when which part came; refuses to know what it means.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple, cast

import httptools


class Address(NamedTuple):
    """Where something listens on this machine."""

    port: int
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; times are `time.perf_counter`'s."""

    status: int
    body: bytes
    asked: float
    ended: float
    #: When something came, and how much of the body was there then.
    arrivals: tuple[tuple[float, int], ...]

    def arrived(self, offset: int) -> float:
        """Give the time at which the body's byte of this offset was there."""
        return self.arrivals[bisect_right(self.arrivals, offset, key=itemgetter(1))][0]


class Connection(asyncio.Protocol):
    """One request at a time; every answer is kept whole."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._coming: asyncio.Future[Answer] | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._arrivals: list[tuple[float, int]] = []
        self._asked = 0.0
        self._complete = False

    @classmethod
    async def open(cls, address: Address) -> Connection:
        """Connect to 127.0.0.1."""
        loop = asyncio.get_running_loop()
        name = None if address.tls is None else "localhost"
        _, connection = await loop.create_connection(
            cls, "127.0.0.1", address.port, ssl=address.tls, server_hostname=name
        )
        return connection

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request; its answer comes in the future.

        Raises:
            ConnectionError: in the future: the connection ended before the answer did.
        """
        self._coming = asyncio.get_running_loop().create_future()
        self._asked = time.perf_counter()
        if self._transport.is_closing():
            self.connection_lost(None)
        else:
            self._transport.write(request)
        return self._coming

    @property
    def is_open(self) -> bool:
        """Whether it may be asked."""
        return not self._transport.is_closing()

    def close(self) -> None:
        """Close at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._fail(exc or ConnectionResetError("the connection was closed before the answer's end"))

    def data_received(self, data: bytes) -> None:
        """Take bytes of an answer."""
        size = self._size
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not HTTP: {error}"))
            self.close()
            return
        if self._size != size:
            self._arrivals.append((time.perf_counter(), self._size))
        if self._complete:
            self._finish()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._parts.append(body)
        self._size += len(body)

    def on_message_complete(self) -> None:
        """Note that the answer is whole."""
        self._complete = True

    def _finish(self) -> None:
        answer = Answer(
            self._parser.get_status_code(),
            b"".join(self._parts),
            self._asked,
            time.perf_counter(),
            tuple(self._arrivals),
        )
        self._parts, self._arrivals = [], []
        self._size = 0
        self._complete = False
        self._parser = httptools.HttpResponseParser(self)
        if self._coming is not None and not self._coming.done():
            self._coming.set_result(answer)

    def _fail(self, error: Exception) -> None:
        if self._coming is not None and not self._coming.done():
            self._coming.set_exception(error)
