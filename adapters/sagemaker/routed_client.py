"""Two clients as one: each host is reached by the one that can.

Knows which hosts have a proxy in between. Refuses to know how either client does it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import lru_cache
from typing import Final

from adapters.sagemaker.proxies import Proxies
from adapters.sagemaker.signing import parse_address
from adapters.sagemaker.transport import Client, Response, TimeFrame

#: URLs whose way is kept; wildcard models may name any number.
_KNOWN_URLS: Final = 4096


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
        self._client = lru_cache(maxsize=_KNOWN_URLS)(self._find_client)

    async def aclose(self) -> None:
        """Close every connection of both."""
        await self._behind.aclose()
        await self._elsewhere.aclose()

    def post(self, url: str, lines: str, body: bytes, frame: TimeFrame) -> Awaitable[Response]:
        """Send a request; give the response as soon as its headers are there."""
        return self._client(url).post(url, lines, body, frame)

    def _find_client(self, url: str) -> Client:
        to = parse_address(url)
        proxy = self._proxies.between(to.scheme, to.name, to.port)
        return self._elsewhere if proxy is None else self._behind
