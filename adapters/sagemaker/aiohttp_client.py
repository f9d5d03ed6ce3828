"""HTTP to SageMaker Runtime by aiohttp: the seam's `Client` that also knows proxies.

Knows how aiohttp makes connections and keeps them. Refuses to know signatures and AWS's error
names.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakSet

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from adapters.base import Limits
from adapters.sagemaker.aiohttp_response import (
    TRANSPORT_FAILURES,
    AiohttpResponse,
    translate_failure,
)
from adapters.sagemaker.header_lines import split_lines
from adapters.sagemaker.proxies import Proxies
from adapters.sagemaker.signing import parse_address
from adapters.sagemaker.transport import KEEP_ALIVE, STALE_WITHIN, USER_AGENT, TimeFrame

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


#: Whether the request of this task has got a connection that had served before.
_reused: ContextVar[bool] = ContextVar("_reused", default=False)


class _Connector(aiohttp.TCPConnector):
    """aiohttp's own, which also tells connections that served before from new ones."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._known: WeakSet[object] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> Connection:
        """Give a connection for a request."""
        connection = await super().connect(req, traces, timeout)
        protocol = connection.protocol
        _reused.set(protocol in self._known)
        if protocol is not None:
            self._known.add(protocol)
        return connection


class AiohttpClient:
    """A pool of connections; an `adapters.sagemaker.transport.Client`.

    Args:
        connections_per_host: The most at a time; 0 sets no limit.
        tls: Trusts other authorities than the system's.
        proxies: Those in between.
        keep_alive: Seconds that a connection may wait for a request.
    """

    def __init__(
        self,
        *,
        connections_per_host: int = 0,
        tls: ssl.SSLContext | None = None,
        proxies: Proxies = _NO_PROXIES,
        keep_alive: float = KEEP_ALIVE,
    ) -> None:
        self._connections_per_host = connections_per_host
        self._tls = tls
        self._proxies = proxies
        self._keep_alive = keep_alive
        self._way = lru_cache(maxsize=_KNOWN_ORIGINS)(self._find_way)
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Close every connection; calls that still run fail."""
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, lines: str, body: bytes, frame: TimeFrame) -> AiohttpResponse:
        """Send a request; give the response as soon as its headers are there."""
        headers = {"Host": parse_address(url).host, **split_lines(lines)}
        to, limits = URL(url, encoded=True), frame.limits
        limit = asyncio.timeout_at(frame.head_until)
        try:
            async with limit:
                raw = await self._sent(to, headers, body, limits.connect)
        except TRANSPORT_FAILURES as error:  # `TimeoutError` is an `OSError`
            if limit.expired():
                raise frame.over() from error
            raise translate_failure(error) from error
        return AiohttpResponse(raw, limits, frame.ends_at)

    async def get(self, url: str, *, limits: Limits, ends_at: float | None) -> AiohttpResponse:
        """Ask for what is there; otherwise as `post`."""
        try:
            raw = await self._send("GET", URL(url), {}, None, limits.connect)
        except TRANSPORT_FAILURES as error:
            raise translate_failure(error) from error
        return AiohttpResponse(raw, limits, ends_at)

    async def _sent(
        self, url: URL, headers: Mapping[str, str], body: bytes, connect: float
    ) -> aiohttp.ClientResponse:
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        try:
            return await self._send("POST", url, headers, body, connect)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionResetError) as error:
            was_stale = _reused.get() and _is_unheard(error) and clock() - asked_at < STALE_WITHIN
            if not was_stale or self._open_session().closed:
                raise
        return await self._send("POST", url, headers, body, connect)

    async def _send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, connect: float
    ) -> aiohttp.ClientResponse:
        way = self._way(url.scheme, url.host or "", url.port)
        if way.headers:
            headers = {**headers, **way.headers}
        is_large = body is not None and len(body) > _WHOLE_BODY_BYTES
        return await self._open_session().request(
            method,
            url,
            data=io.BytesIO(body or b"") if is_large else body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=connect),
            proxy=way.proxy,
            proxy_headers=way.proxy_headers,
        )

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
                connector=_Connector(
                    limit=0,
                    limit_per_host=self._connections_per_host,
                    keepalive_timeout=self._keep_alive,
                    ssl=True if self._tls is None else self._tls,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                skip_auto_headers=("Accept", "Accept-Encoding"),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _is_unheard(error: aiohttp.ClientConnectionError) -> bool:
    """Whether a connection ended without a byte of an answer: aiohttp gives what there was."""
    return not isinstance(error, aiohttp.ServerDisconnectedError) or isinstance(error.message, str)
