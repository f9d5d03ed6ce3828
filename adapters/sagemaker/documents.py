"""Small documents from other hosts than AWS's, through the same proxies and authorities.

Knows size, time and status; refuses to know what a document means, and who may choose its address:
only a configuration may.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from yarl import URL

from adapters.errors import GatewayError, MalformedReply, UpstreamError
from adapters.sagemaker.network import DIRECT, Network
from adapters.sagemaker.transport import USER_AGENT, described

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 512 * 1024


class Documents:
    """Fetches documents, each over a connection of its own: they are rare.

    Redirects are not followed, cookies not kept, bodies not decompressed; certificates verified.

    Args:
        network: What stands between the process and other hosts.
    """

    def __init__(self, network: Network = DIRECT) -> None:
        self._network = network

    async def fetch(self, url: str) -> bytes:
        """Give the document at an address.

        Raises:
            TimeoutError: it did not come in time.
            GatewayError: it can't be reached, is not there, or is too large.
        """
        import aiohttp  # noqa: PLC0415 - its time and memory are for whoever fetches something

        tls = self._network.tls()
        try:
            async with (
                asyncio.timeout(_SECONDS),
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=True if tls is None else tls),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                    auto_decompress=False,
                    trust_env=False,
                ) as session,
                session.get(url, allow_redirects=False, **self._way(URL(url))) as response,
            ):
                if response.status != HTTPStatus.OK:
                    raise _failure(f"status {response.status}")
                return await _bounded(response.content)
        except aiohttp.ClientError as error:
            raise UpstreamError("The document can't be had.", detail=described(error)) from error

    def _way(self, url: URL) -> dict[str, Any]:
        proxy = self._network.proxies.between(url.scheme, url.host or "", url.port)
        if proxy is None:
            return {}
        login = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else None
        said_to = "proxy_headers" if url.scheme == "https" else "headers"
        return {"proxy": URL(proxy.url), said_to: login}


async def _bounded(content: Any) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in content.iter_any():
        size += len(part)
        if size > _MOST_BYTES:
            raise _failure("too large")
        parts.append(part)
    return b"".join(parts)


def _failure(detail: str) -> GatewayError:
    return MalformedReply("The document is none.", detail=detail)
