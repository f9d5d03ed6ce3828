"""Who signs: AWS credentials, and what gives them.

Knows triples, their end, and static keys. Refuses to know where others come from: `chain.py` and
`roles.py` fetch them, `refreshing.py` keeps them fresh.
"""

from __future__ import annotations

from typing import Final, Protocol

from adapters.credential_state import CredentialState
from adapters.value import value

#: AWS's words for temporary credentials that are over, or were taken back.
STALE_CODES: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    }
)


@value(frozen=True, slots=True, repr=False)
class Credentials:
    """One consistent triple; a signature never mixes two of them."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"


@value(frozen=True, slots=True)
class Issued:
    """Credentials and their end."""

    credentials: Credentials
    #: Unix seconds; None for credentials without an end.
    expires_at: float | None = None


class CredentialProvider(Protocol):
    """One identity."""

    @property
    def state(self) -> CredentialState:
        """How its credentials stand, in numbers."""
        ...

    async def prepare(self) -> None:
        """Do at start what the first `current` would do; safe to leave out.

        Raises:
            UpstreamError: no credentials now; `current` tries again later.
        """
        ...

    def at_hand(self) -> Credentials | None:
        """Give what `current` would, where that needs no waiting and nothing is to be done."""
        ...

    async def current(self) -> Credentials:
        """Give credentials that are valid now.

        Raises:
            UpstreamError: there are none; `code` says why.
        """
        ...

    async def issued(self) -> Issued:
        """Give the same together with their end.

        Raises:
            UpstreamError: as `current`.
        """
        ...

    async def renew(self, stale: Credentials) -> Credentials | None:
        """Give others in the place of credentials that AWS has refused; None if there are none.

        However many callers saw the same ones refused, one attempt is made.
        """
        ...


class StaticCredentials:
    """Keys that the configuration names; they never change."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    @property
    def state(self) -> CredentialState:
        """Nothing is ever fetched."""
        return CredentialState()

    async def prepare(self) -> None:
        """Nothing to do."""

    def at_hand(self) -> Credentials | None:
        """Give the keys."""
        return self._credentials

    async def current(self) -> Credentials:
        """Give the keys."""
        return self._credentials

    async def issued(self) -> Issued:
        """Give the keys; nobody knows their end."""
        return Issued(self._credentials)

    async def renew(self, stale: Credentials) -> Credentials | None:
        """Give nothing: there are no others."""
        del stale
        return None
