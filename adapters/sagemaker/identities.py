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
from adapters.sagemaker.identity import Ambient, Identity, Keys, Profile, Role, WebIdentity
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
        """Every provider that somebody holds."""
        return tuple(self._providers.values())

    @property
    def titled(self) -> tuple[tuple[str, CredentialProvider], ...]:
        """The same, each with what an operator calls the identity."""
        return tuple((identity.title, each) for identity, each in self._providers.items())

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
            case fetched:
                return RefreshingCredentials(
                    self._fetch(fetched, region), title=fetched.title, jitter=self._jitter
                )

    def _fetch(self, identity: Ambient | Profile | Role | WebIdentity, region: str) -> Fetch:
        match identity:
            case Ambient():
                return Chain(region, network=self._network)
            case Profile(name):
                return Chain(region, name, network=self._network)
            case Role():
                source = self._provider(identity.source, region)
                return AssumedRole(identity, source, self.session_name, network=self._network)
            case WebIdentity():
                return WebIdentityRole(identity, self.session_name, network=self._network)
