"""One credential provider for each distinct identity.

Knows which settings make an identity; providers themselves are in `credentials.py`.
"""

from __future__ import annotations

from adapters.sagemaker.credentials import (
    CredentialProvider,
    Credentials,
    DefaultChain,
    StaticCredentials,
)
from adapters.sagemaker.settings import AwsSettings


class Identities:
    """Deployments with equal credentials share a provider, and so its refreshes.

    Keyed by the whole of the credentials: two identities can't be taken for each other.
    """

    def __init__(self) -> None:
        self._providers: dict[Credentials | None, CredentialProvider] = {}

    @property
    def providers(self) -> tuple[CredentialProvider, ...]:
        """Every provider given so far, to prepare them at start."""
        return tuple(self._providers.values())

    def provider(self, settings: AwsSettings) -> CredentialProvider:
        """Give the provider for these settings; always the same for the same identity."""
        key = settings.credentials
        if key not in self._providers:
            self._providers[key] = DefaultChain() if key is None else StaticCredentials(key)
        return self._providers[key]
