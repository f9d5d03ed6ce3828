"""Two clients as one: each host is reached by the one that can.

Knows which hosts have a proxy in between. Refuses to know how either client does it.
"""

from __future__ import annotations

from collections.abc import Mapping

from yarl import URL

from adapters.base import Limits
from adapters.sagemaker.proxies import Proxies
from adapters.sagemaker.transport import Client, Response


class RoutedClient:
    """Takes one client behind proxies, and another one elsewhere; a `transport.Client`.

    Args:
        proxies: Those of the process.
        behind: Knows them.
        elsewhere: For the hosts that are reached directly.
    """

    def __init__(self, proxies: Proxies, behind: Client, elsewhere: Client) -> None:
        self._proxies = proxies
        self._behind = behind
        self._elsewhere = elsewhere

    async def aclose(self) -> None:
        """Close every connection of both."""
        await self._behind.aclose()
        await self._elsewhere.aclose()

    async def post(
        self,
        url: URL,
        headers: Mapping[str, str],
        body: bytes,
        *,
        limits: Limits,
        ends_at: float | None,
    ) -> Response:
        """Send a request; give the response as soon as its headers are there."""
        proxy = self._proxies.between(url.scheme, url.host or "", url.port)
        client = self._elsewhere if proxy is None else self._behind
        return await client.post(url, headers, body, limits=limits, ends_at=ends_at)
