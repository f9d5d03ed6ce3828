"""The way to SageMaker Runtime that a process opens once: one client, one provider an identity."""

from __future__ import annotations

import asyncio
import logging

from adapters.base import Invoker
from adapters.errors import UpstreamError
from adapters.sagemaker.bearer import BearerTokens
from adapters.sagemaker.client import Client
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.native import OpenAIPathInvoker
from adapters.sagemaker.settings import AwsSettings

_log = logging.getLogger(__name__)


class Connections:
    """Gives invokers that share connections, credentials and tokens; for one event loop."""

    def __init__(self) -> None:
        self._client = Client()
        self._identities = Identities()
        self._tokens = BearerTokens()

    def invoker(self, settings: AwsSettings) -> Invoker:
        """Give the invoker for one deployment."""
        identity = self._identities.provider(settings)
        if settings.transport == "openai_path":
            return OpenAIPathInvoker(self._client, identity, self._tokens)
        return SageMakerInvoker(self._client, identity)

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
