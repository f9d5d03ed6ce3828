"""Small documents from other hosts than AWS's, over the same kind of connections.

Knows size, time and status; refuses to know what a document means, and who may choose its address:
only a configuration may.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from adapters.base import Limits
from adapters.errors import MalformedReply
from adapters.sagemaker.network import DIRECT, Network

if TYPE_CHECKING:
    from adapters.sagemaker.aiohttp_client import AiohttpClient

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 512 * 1024
_LIMITS: Final = Limits(connect=5.0, idle=5.0)


class Documents:
    """Fetches documents; redirects are not followed, certificates are verified.

    Args:
        network: What stands between the process and other hosts.
    """

    def __init__(self, network: Network = DIRECT) -> None:
        self._network = network
        self._client: AiohttpClient | None = None

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()

    async def fetch(self, url: str) -> bytes:
        """Give the document at an address.

        Raises:
            TimeoutError: it did not come in time.
            GatewayError: it can't be reached, is none, or is too large.
        """
        async with asyncio.timeout(_SECONDS):
            response = await self._open_client().get(url, limits=_LIMITS, ends_at=None)
            try:
                if response.status != HTTPStatus.OK:
                    raise MalformedReply(
                        "The document is not there.", detail=f"status {response.status}"
                    )
                return await response.read_all(_MOST_BYTES)
            finally:
                response.close()

    def _open_client(self) -> AiohttpClient:
        """Give the client, which takes its time to load where nobody else needs it."""
        from adapters.sagemaker.aiohttp_client import AiohttpClient  # noqa: PLC0415 - see above

        if self._client is None:
            network = self._network
            self._client = AiohttpClient(
                connections_per_host=1, tls=network.tls(), proxies=network.proxies
            )
        return self._client
