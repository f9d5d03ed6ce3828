"""The way to SageMaker Runtime that a process opens once: one client, one provider an identity."""

from __future__ import annotations

import asyncio
import logging

from adapters.errors import UpstreamError
from adapters.sagemaker.client import Client
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.network import Network
from adapters.sagemaker.settings import AwsSettings

_DIRECT = Network()

_log = logging.getLogger(__name__)


class Connections:
    """Gives invokers that share connections and credentials; used inside one event loop.

    Args:
        network: What stands between the process and AWS.
    """

    def __init__(self, network: Network = _DIRECT) -> None:
        self._client = Client(tls=network.tls(), proxies=network.proxies)
        self._identities = Identities()

    def invoker(self, settings: AwsSettings) -> SageMakerInvoker:
        """Give the invoker for one deployment."""
        return SageMakerInvoker(self._client, self._identities.provider(settings))

    async def prepare(self) -> None:
        """Get every identity's credentials now, so that no request waits for them.

        A failure is logged only: a gateway starts without AWS, and tries again when asked.
        """
        await asyncio.gather(*map(_prepare, self._identities.providers))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


async def _prepare(provider: CredentialProvider) -> None:
    try:
        await provider.prepare()
    except UpstreamError as error:
        _log.warning("credentials.missing: %s (%s)", error.message, error.detail)
