"""Small documents from other hosts than AWS's, over the same kind of connections.

Knows size, time and status; refuses to know what a document means, and who may choose its address:
only a configuration may.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from yarl import URL

from adapters.base import Limits
from adapters.errors import MalformedReply
from adapters.sagemaker.client import Client
from adapters.sagemaker.network import DIRECT, Network

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 512 * 1024
_LIMITS: Final = Limits(connect=5.0, idle=5.0)


class Documents:
    """Fetches documents; redirects are not followed, certificates are verified.

    Args:
        network: What stands between the process and other hosts.
    """

    def __init__(self, network: Network = DIRECT) -> None:
        self._client = Client(connections_per_host=1, tls=network.tls(), proxies=network.proxies)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def fetch(self, url: str) -> bytes:
        """Give the document at an address.

        Raises:
            TimeoutError: it did not come in time.
            GatewayError: it can't be reached, is none, or is too large.
        """
        async with asyncio.timeout(_SECONDS):
            response = await self._client.get(URL(url), limits=_LIMITS, ends_at=None)
            try:
                if response.status != HTTPStatus.OK:
                    raise MalformedReply(
                        "The document is not there.", detail=f"status {response.status}"
                    )
                return await response.read_all(_MOST_BYTES)
            finally:
                response.close()
