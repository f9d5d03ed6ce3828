"""HTTP to SageMaker Runtime: one pool of connections, four time limits, nothing automatic.

Knows how connections are made and kept. Refuses to know signatures and AWS's error names.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Mapping

import aiohttp
from yarl import URL

from adapters.sagemaker.response import TRANSPORT_FAILURES, Response, translate_failure

#: Idle connections are given up before AWS does, so that a request seldom meets a dying one.
KEEP_ALIVE_SECONDS = 15.0

#: aiohttp warns of larger bodies unless they can be read in pieces.
_WHOLE_BODY_BYTES = 2**20

#: A time limit of 0 would be none at all to aiohttp.
_LEAST_SECONDS = 0.001


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
    ) -> Response:
        """Send a request; give the response as soon as its headers are there.

        The caller bounds the wait for the headers.

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
            raw = await self._open_session().post(
                url, data=data, headers=headers, allow_redirects=False, timeout=timeout
            )
        except TRANSPORT_FAILURES as error:
            raise translate_failure(error) from error
        return Response(raw, idle)

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
