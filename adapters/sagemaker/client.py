"""HTTP to SageMaker Runtime: one pool of connections, four time limits, nothing automatic.

Knows aiohttp, and turns its failures into errors of our tree with sentences that name no host.
Refuses to know signatures and AWS's error names.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Mapping

import aiohttp
from yarl import URL

from adapters.errors import (
    DeadlineExceeded,
    GatewayError,
    MalformedReply,
    UpstreamError,
    UpstreamTimeout,
)

#: An answer beyond this is refused; SageMaker's own limit is 6 MiB.
MAX_REPLY_BYTES = 64 * 1024 * 1024
#: Idle connections are given up before AWS does, so that a request seldom meets a dying one.
KEEP_ALIVE_SECONDS = 15.0

#: aiohttp warns of larger bodies unless they can be read in pieces.
_WHOLE_BODY_BYTES = 2**20

#: A time limit of 0 would be none at all to aiohttp.
_LEAST_SECONDS = 0.001

#: What aiohttp, the socket and TLS raise; `TimeoutError` is an `OSError`.
_FAILURES = (aiohttp.ClientError, OSError)


class Client:
    """A pool of connections, shared by every identity and endpoint.

    Redirects are not followed, cookies not kept, proxies of the environment not used, bodies not
    decompressed; TLS certificates are verified.

    Args:
        connections_per_host: The most at a time; 0 sets no limit.
        tls: Trusts other authorities than the system's.
    """

    def __init__(self, *, connections_per_host: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._connections_per_host = connections_per_host
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Close every connection; calls that still run fail."""
        if self._session is not None:
            await self._session.close()

    async def post(
        self,
        url: URL,
        headers: Mapping[str, str],
        body: bytes,
        *,
        connect: float,
        idle: float,
        ends_at: float | None,
    ) -> aiohttp.ClientResponse:
        """Send a request; give the response as soon as its headers are there.

        The caller bounds the wait for the headers, and reads the response with `read_body` or
        `read_some`, or closes it.

        Args:
            url: Already percent-encoded.
            headers: All but `User-Agent` and `Content-Length`.
            body: Sent as it is.
            connect: Seconds for name, connection and TLS.
            idle: Seconds between two reads of the answer's body.
            ends_at: The loop's time at which everything ends, the body included; None for never.

        Raises:
            DeadlineExceeded: `ends_at` passed.
            UpstreamTimeout: no connection within `connect`.
            UpstreamError: no connection, or one that broke.
        """
        total = None
        if ends_at is not None:
            total = max(ends_at - asyncio.get_running_loop().time(), _LEAST_SECONDS)
        timeout = aiohttp.ClientTimeout(total=total, connect=connect)
        data = body if len(body) <= _WHOLE_BODY_BYTES else io.BytesIO(body)
        try:
            response = await self._open_session().post(
                url, data=data, headers=headers, allow_redirects=False, timeout=timeout
            )
        except _FAILURES as error:
            raise _translate(error) from error
        connection = response.connection
        if connection is not None and connection.protocol is not None:
            # From here on aiohttp itself watches the time between two reads.
            connection.protocol.read_timeout = idle
            connection.protocol.start_timeout()
        return response

    def _open_session(self) -> aiohttp.ClientSession:
        """Give the session; aiohttp wants it made inside the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=self._connections_per_host,
                    keepalive_timeout=KEEP_ALIVE_SECONDS,
                    ssl=True if self._tls is None else self._tls,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "sagegate"},
                skip_auto_headers=("Accept", "Accept-Encoding"),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


async def read_body(response: aiohttp.ClientResponse, limit: int = MAX_REPLY_BYTES) -> bytes:
    """Read a whole answer.

    Raises:
        MalformedReply: it is larger than `limit` bytes; the connection is closed then.
        GatewayError: as `read_some`.
    """
    parts: list[bytes] = []
    size = 0
    while part := await read_some(response):
        size += len(part)
        if size > limit:
            response.close()
            raise MalformedReply("The endpoint's answer is too large.")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def read_some(response: aiohttp.ClientResponse) -> bytes:
    """Give what has arrived, waiting for the first byte of it; empty at the end.

    Raises:
        DeadlineExceeded: nothing came within `idle`, or the deadline passed.
        UpstreamError: the connection broke, or ended before the answer did.
    """
    content = response.content
    try:
        return await content.readany()
    except (TimeoutError, asyncio.CancelledError) as error:
        response.close()
        if isinstance(error, TimeoutError):
            raise _translate(error) from error
        raise
    except _FAILURES as error:
        # What came in the same moment as the failure still counts: it is given first, and the next
        # call meets the failure again. aiohttp has no public call that would not drop it.
        arrived = content._read_nowait(-1)  # noqa: SLF001 - see above; a test holds aiohttp to it
        if arrived:
            return arrived
        response.close()
        raise _translate(error) from error


def _translate(error: BaseException) -> GatewayError:
    """Turn a failure of the transport into an error of our tree; its text is for the log only."""
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return UpstreamTimeout(
            "The connection to SageMaker was not made in time.", retryable=True, detail=detail
        )
    if isinstance(error, TimeoutError):
        return DeadlineExceeded("SageMaker did not answer within the time allowed.", detail=detail)
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return UpstreamError(
            "The connection to SageMaker is not secure: its certificate was not accepted.",
            code="tls_failed",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamError(
            "SageMaker can't be reached.", code="connection_failed", retryable=True, detail=detail
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return MalformedReply("The endpoint's answer is not HTTP.", detail=detail)
    return UpstreamError(
        "The connection to SageMaker broke.", code="connection_lost", retryable=True, detail=detail
    )
