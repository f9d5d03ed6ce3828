"""The way to SageMaker that a process opens once: one client, one provider an identity."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from weakref import WeakValueDictionary

from adapters.base import Invoker
from adapters.credential_state import CredentialState
from adapters.errors import UpstreamError
from adapters.sagemaker.bearer import BearerTokens
from adapters.sagemaker.clients import open_client
from adapters.sagemaker.clock import ClockWatch
from adapters.sagemaker.control_plane import ControlPlane
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.native import OpenAIPathInvoker
from adapters.sagemaker.network import DIRECT, Network
from adapters.sagemaker.settings import AwsSettings

_log = logging.getLogger(__name__)


class Connections:
    """Gives invokers that share connections, credentials and tokens; for one event loop.

    Args:
        network: What stands between the process and AWS.
    """

    def __init__(self, network: Network = DIRECT) -> None:
        self._network = network
        self._client = open_client(network)
        self._identities = Identities(network)
        self._tokens = BearerTokens()
        self._clock_watch = ClockWatch()
        #: For as long as somebody looks through them: a reload may need other ones.
        self._planes: WeakValueDictionary[tuple[str, CredentialProvider], ControlPlane]
        self._planes = WeakValueDictionary()
        self._closing: set[asyncio.Task[None]] = set()
        self._ends: list[weakref.finalize[Any, ControlPlane]] = []

    def invoker(self, settings: AwsSettings) -> Invoker:
        """Give the invoker for one deployment."""
        provider = self._identities.provider(settings)
        if settings.transport == "openai_path":
            return OpenAIPathInvoker(
                self._client, provider, self._tokens, clock_watch=self._clock_watch
            )
        return SageMakerInvoker(self._client, provider, clock_watch=self._clock_watch)

    def catalogue(self, settings: AwsSettings, environ: Mapping[str, str]) -> ControlPlane:
        """Give the control plane as one deployment's identity sees it in its region.

        Args:
            settings: The deployment's.
            environ: AWS's endpoint variables are looked up here.
        """
        identity = self._identities.provider(settings)
        key = (settings.region, identity)
        plane = self._planes.get(key)
        if plane is None:
            plane = ControlPlane(settings.region, identity, environ=environ, network=self._network)
            self._planes[key] = plane
            self._ends = [end for end in self._ends if end.alive]
            loop = asyncio.get_running_loop()  # a collector may run in any thread
            end = weakref.finalize(plane, loop.call_soon_threadsafe, self._close, plane.closer)
            end.atexit = False
            self._ends.append(end)
        return plane

    def credentials(self) -> CredentialState:
        """Tell how the credentials that are fetched stand, all identities together."""
        return CredentialState.of_all(each.state for each in self._identities.providers)

    async def prepare(self) -> None:
        """Get every identity's credentials now, so that no request waits for them.

        A failure is logged only: a gateway starts without AWS, and tries again when asked.
        """
        titled = self._identities.titled
        failures = await asyncio.gather(*(_prepare(provider) for _, provider in titled))
        # A role and the identity that should assume it fail with the same words.
        titles: dict[str, list[str]] = {}
        for (title, _), failure in zip(titled, failures, strict=True):
            if failure is not None:
                titles.setdefault(failure, []).append(title)
        for failure, concerned in titles.items():
            _log.warning("credentials.missing: %s: %s", ", ".join(concerned), failure)

    async def aclose(self) -> None:
        """Close every connection."""
        for end in self._ends:
            end.detach()
        for plane in list(self._planes.values()):
            await plane.aclose()
        await asyncio.gather(*self._closing)
        await self._client.aclose()

    def _close(self, closer: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.create_task(closer(), name="closing the control plane")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _prepare(provider: CredentialProvider) -> str | None:
    """Get a provider ready; give what went wrong."""
    try:
        await provider.prepare()
    except UpstreamError as error:
        return f"{error.message} ({error.detail})"
    return None
