"""One credential provider for each distinct identity.

Knows which kind of provider an identity needs; the identities themselves are in `identity.py`.
"""

from __future__ import annotations

import random
import secrets
from typing import Final
from weakref import WeakValueDictionary

from adapters.sagemaker.chain import Chain
from adapters.sagemaker.credentials import CredentialProvider, StaticCredentials
from adapters.sagemaker.identity import Ambient, Identity, Keys, Profile, Role
from adapters.sagemaker.network import DIRECT, Network
from adapters.sagemaker.refreshing import Fetch, RefreshingCredentials
from adapters.sagemaker.roles import AssumedRole, WebIdentityRole
from adapters.sagemaker.settings import AwsSettings

_LEAST_JITTER: Final = 2 / 3


class Identities:
    """Deployments with equal identities share a provider, and so its refreshes.

    Keyed by the whole of an identity: two can't be taken for each other. A provider lives as long
    as somebody holds it.

    Args:
        network: What STS is reached through.
    """

    def __init__(self, network: Network = DIRECT) -> None:
        self._network = network
        self._providers: WeakValueDictionary[Identity, CredentialProvider] = WeakValueDictionary()
        #: The name of the process's sessions in AWS's own logs.
        self.session_name = f"sagegate-{secrets.token_hex(6)}"
        self._jitter = random.uniform(_LEAST_JITTER, 1)  # noqa: S311 - it guards nothing

    @property
    def providers(self) -> tuple[CredentialProvider, ...]:
        """Every provider that somebody holds, to prepare it at start."""
        return tuple(self._providers.values())

    def provider(self, settings: AwsSettings) -> CredentialProvider:
        """Give the provider for these settings; always the same for the same identity."""
        return self._provider(settings.identity, settings.region)

    def _provider(self, identity: Identity, region: str) -> CredentialProvider:
        provider = self._providers.get(identity)
        if provider is None:
            provider = self._providers[identity] = self._made(identity, region)
        return provider

    def _made(self, identity: Identity, region: str) -> CredentialProvider:
        match identity:
            case Keys(credentials):
                return StaticCredentials(credentials)
            case Ambient():
                return self._refreshing(Chain(region, network=self._network))
            case Profile(name):
                return self._refreshing(Chain(region, name, network=self._network))
            case Role():
                source = self._provider(identity.source, region)
                fetch = AssumedRole(identity, source, self.session_name, network=self._network)
                return self._refreshing(fetch)
            case web_identity:
                return self._refreshing(
                    WebIdentityRole(web_identity, self.session_name, network=self._network)
                )

    def _refreshing(self, fetch: Fetch) -> RefreshingCredentials:
        return RefreshingCredentials(fetch, jitter=self._jitter)
