"""HTTP to SageMaker Runtime without a library in between: the seam's fastest `Client`.

Knows the order of a request: a connection, one write, the answer's head. Refuses to know proxies,
signatures and AWS's error names.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import cache, lru_cache
from typing import Final

from adapters.errors import GatewayError
from adapters.sagemaker.direct.answer_parser import NotHttpError
from adapters.sagemaker.direct.connection import ClosedByPeer, Connection
from adapters.sagemaker.direct.inbox import Inbox
from adapters.sagemaker.direct.origin import Origin
from adapters.sagemaker.direct.pool import MAX_AGE, Ages, Pool
from adapters.sagemaker.direct.received import Received
from adapters.sagemaker.direct.response import DirectResponse
from adapters.sagemaker.signing import parse_address
from adapters.sagemaker.transport import (
    KEEP_ALIVE,
    STALE_WITHIN,
    USER_AGENT,
    Response,
    TimeFrame,
    broken,
    connect_timed_out,
    described,
    not_connected,
    not_http,
)
from adapters.value import value

#: URLs whose way is kept; wildcard models may name any number.
_KNOWN_URLS: Final = 4096


@value(frozen=True, slots=True)
class _Way:
    """What is the same for all requests to a URL."""

    pool: Pool
    #: The request line and the headers that the URL decides.
    start: str


class DirectClient:
    """Connections of our own; an `adapters.sagemaker.transport.Client`, for one event loop.

    Args:
        connections_per_host: The most at a time; 0 sets no limit.
        tls: Trusts other authorities than the system's.
        keep_alive: Seconds that a connection may wait for a request.
        max_age: Seconds after which a connection serves no more requests.
    """

    def __init__(
        self,
        *,
        connections_per_host: int = 0,
        tls: ssl.SSLContext | None = None,
        keep_alive: float = KEEP_ALIVE,
        max_age: float = MAX_AGE,
    ) -> None:
        self._connections_per_host = connections_per_host
        self._tls = tls
        self._ages = Ages(idle=keep_alive, most=max_age)
        self._pools: dict[tuple[str, str, int], Pool] = {}
        self._way = lru_cache(maxsize=_KNOWN_URLS)(self._find_way)

    async def aclose(self) -> None:
        """Close every connection; calls that still run fail."""
        await asyncio.gather(*(pool.aclose() for pool in self._pools.values()))

    async def post(self, url: str, lines: str, body: bytes, frame: TimeFrame) -> Response:
        """Send a request; give the response as soon as its headers are there."""
        way = self._way(url)
        head = f"{way.start}{lines}Content-Length: {len(body)}\r\n\r\n".encode("ascii")
        connection = way.pool.take() or await _made(way.pool, frame)
        inbox = connection.ask(head, body, frame.head_until)
        try:
            while not inbox.status and inbox.failure is None and not inbox.late:
                await inbox.change()
            if inbox.failure is not None and _was_stale(connection, inbox):
                connection = await _made(way.pool, frame)
                inbox = connection.ask(head, body, frame.head_until)
                while not inbox.status and inbox.failure is None and not inbox.late:
                    await inbox.change()
        except BaseException:
            connection.leave(inbox)
            raise
        if not inbox.status:
            connection.leave(inbox)
            raise frame.over() if inbox.late else _failure(inbox) from inbox.failure
        most = frame.limits.most_bytes
        if inbox.ended and (most is None or inbox.size <= most):
            return Received(inbox.status, inbox.headers, b"".join(inbox.parts))
        return DirectResponse(connection, inbox, frame.limits, frame.ends_at)

    def _find_way(self, url: str) -> _Way:
        to = parse_address(url)
        key = (to.scheme, to.name, to.port)
        pool = self._pools.get(key)
        if pool is None:
            tls = self._trusted() if to.scheme == "https" else None
            origin = Origin(to.name, to.port, tls)
            pool = self._pools[key] = Pool(origin, self._connections_per_host, self._ages)
        return _Way(
            pool,
            f"POST {to.path} HTTP/1.1\r\nHost: {to.host}\r\nUser-Agent: {USER_AGENT}\r\n",
        )

    def _trusted(self) -> ssl.SSLContext:
        return self._tls or _system_context()


@cache
def _system_context() -> ssl.SSLContext:
    """Give the context that trusts the system's authorities, read once for the process."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _made(pool: Pool, frame: TimeFrame) -> Connection:
    """Make a connection within the time for that."""
    connect_until = asyncio.get_running_loop().time() + frame.limits.connect
    limit = asyncio.timeout_at(min(connect_until, frame.head_until))
    try:
        async with limit:
            return await pool.make()
    except OSError as error:  # `TimeoutError` is one
        detail = f"{pool.name}: {described(error)}"
        if not limit.expired():
            raise not_connected(error, detail) from error
        if frame.head_until <= connect_until:
            raise frame.over() from error
        raise connect_timed_out(detail) from error


def _was_stale(connection: Connection, inbox: Inbox) -> bool:
    """Whether the peer had closed a connection, after other answers, before it could be asked.

    A reset is another thing: the peer, or somebody in between, did not want the request.
    """
    return (
        isinstance(inbox.failure, ClosedByPeer)
        and connection.asked > 1
        and not connection.heard
        and connection.silence() < STALE_WITHIN
    )


def _failure(inbox: Inbox) -> GatewayError:
    """Give the error for an answer without a head."""
    error = inbox.failure or ClosedByPeer()
    return not_http(error) if isinstance(error, NotHttpError) else broken(error)
