"""HTTP to SageMaker Runtime: one pool of connections, four time limits, nothing automatic.

Knows how connections are made and kept. Refuses to know signatures and AWS's error names.
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import aiohttp
from yarl import URL

from adapters.base import Limits
from adapters.sagemaker.proxies import Proxies
from adapters.sagemaker.response import TRANSPORT_FAILURES, Response, translate_failure

#: Idle connections are given up before AWS does, so that a request seldom meets a dying one.
KEEP_ALIVE_SECONDS = 15.0

#: Schemes, hosts and ports whose way is kept; wildcard models may name any number.
_KNOWN_ORIGINS = 256
_NO_PROXIES = Proxies()

#: aiohttp warns of larger bodies unless they can be read in pieces.
_WHOLE_BODY_BYTES = 2**20


class _Way(NamedTuple):
    """The way to a host: a proxy or none, and who we are there."""

    proxy: URL | None = None
    #: Said to the proxy alone, when it opens a tunnel.
    proxy_headers: Mapping[str, str] | None = None
    #: Said with the request, which the proxy reads.
    headers: Mapping[str, str] | None = None


class Client:
    """A pool of connections, shared by every identity and endpoint.

    Redirects are not followed, cookies not kept, bodies not decompressed, the environment not read;
    TLS certificates are verified.

    Args:
        connections_per_host: The most at a time; 0 sets no limit.
        tls: Trusts other authorities than the system's.
        proxies: Those in between.
    """

    def __init__(
        self,
        *,
        connections_per_host: int = 0,
        tls: ssl.SSLContext | None = None,
        proxies: Proxies = _NO_PROXIES,
    ) -> None:
        self._connections_per_host = connections_per_host
        self._tls = tls
        self._proxies = proxies
        self._way = lru_cache(maxsize=_KNOWN_ORIGINS)(self._find_way)
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
        limits: Limits,
        ends_at: float | None,
    ) -> Response:
        """Send a request; give the response as soon as its headers are there.

        The caller bounds the wait for the headers by `first_byte` and `deadline`.

        Args:
            url: Already percent-encoded.
            headers: All but `User-Agent` and `Content-Length`.
            body: Sent as it is.
            limits: `connect` bounds name, connection and TLS; the rest is the response's to keep.
            ends_at: The loop's time at which `deadline` is over; None for never.

        Raises:
            UpstreamTimeout: no connection within `connect`.
            UpstreamError: no connection, or one that broke.
        """
        data = body if len(body) <= _WHOLE_BODY_BYTES else io.BytesIO(body)
        return await self._send("POST", url, headers, data, limits, ends_at)

    async def get(self, url: URL, *, limits: Limits, ends_at: float | None) -> Response:
        """Ask for what is there; otherwise as `post`."""
        return await self._send("GET", url, {}, None, limits, ends_at)

    async def _send(  # noqa: PLR0917 - what a request is
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        data: bytes | io.BytesIO | None,
        limits: Limits,
        ends_at: float | None,
    ) -> Response:
        way = self._way(url.scheme, url.host or "", url.port)
        if way.headers:
            headers = {**headers, **way.headers}
        try:
            raw = await self._open_session().request(
                method,
                url,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect),
                proxy=way.proxy,
                proxy_headers=way.proxy_headers,
            )
        except TRANSPORT_FAILURES as error:
            raise translate_failure(error) from error
        return Response(raw, limits, ends_at)

    def _find_way(self, scheme: str, host: str, port: int | None) -> _Way:
        proxy = self._proxies.between(scheme, host, port)
        if proxy is None:
            return _Way()
        login = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else None
        if scheme == "https":
            return _Way(URL(proxy.url), proxy_headers=login)
        return _Way(URL(proxy.url), headers=login)

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
