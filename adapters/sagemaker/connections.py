"""The way to SageMaker that a process opens once: one client, one provider an identity."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from adapters.errors import UpstreamError
from adapters.sagemaker.client import Client
from adapters.sagemaker.control_plane import ControlPlane
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.settings import AwsSettings

_log = logging.getLogger(__name__)


class Connections:
    """Gives what shares connections and credentials; used inside one event loop."""

    def __init__(self) -> None:
        self._client = Client()
        self._identities = Identities()
        self._planes: dict[tuple[str, CredentialProvider], ControlPlane] = {}

    def invoker(self, settings: AwsSettings) -> SageMakerInvoker:
        """Give the invoker for one deployment."""
        return SageMakerInvoker(self._client, self._identities.provider(settings))

    def catalogue(self, settings: AwsSettings, environ: Mapping[str, str]) -> ControlPlane:
        """Give the control plane as one deployment's identity sees it in its region.

        Args:
            settings: The deployment's.
            environ: AWS's endpoint variables are looked up here.
        """
        identity = self._identities.provider(settings)
        key = (settings.region, identity)
        if key not in self._planes:
            self._planes[key] = ControlPlane(settings.region, identity, environ=environ)
        return self._planes[key]

    async def prepare(self) -> None:
        """Get every identity's credentials now, so that no request waits for them.

        A failure is logged only: a gateway starts without AWS, and tries again when asked.
        """
        await asyncio.gather(*map(_prepare, self._identities.providers))

    async def aclose(self) -> None:
        """Close every connection."""
        for plane in self._planes.values():
            await plane.aclose()
        await self._client.aclose()


async def _prepare(provider: CredentialProvider) -> None:
    try:
        await provider.prepare()
    except UpstreamError as error:
        _log.warning("credentials.missing: %s (%s)", error.message, error.detail)
