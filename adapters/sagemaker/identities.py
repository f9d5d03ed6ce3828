"""One credential provider for each distinct identity.

Knows which settings make an identity; providers themselves are in `credentials.py`.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from adapters.sagemaker.credentials import (
    CredentialProvider,
    Credentials,
    DefaultChain,
    StaticCredentials,
)
from adapters.sagemaker.settings import AwsSettings


class Identities:
    """Deployments with equal credentials share a provider, and so its refreshes.

    Keyed by the whole of the credentials: two identities can't be taken for each other. A provider
    is kept as long as somebody uses it.
    """

    def __init__(self) -> None:
        self._providers: WeakValueDictionary[Credentials | None, CredentialProvider] = (
            WeakValueDictionary()
        )

    @property
    def providers(self) -> tuple[CredentialProvider, ...]:
        """Every provider in use, to prepare them at start."""
        return tuple(self._providers.values())

    def provider(self, settings: AwsSettings) -> CredentialProvider:
        """Give the provider for these settings; always the same for the same identity."""
        key = settings.credentials
        provider = self._providers.get(key)
        if provider is None:
            provider = DefaultChain() if key is None else StaticCredentials(key)
            self._providers[key] = provider
        return provider
