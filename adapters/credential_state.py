"""How fetched credentials stand, in numbers that say nothing of whose they are."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.value import value


@value(frozen=True, slots=True, kw_only=True)
class CredentialState:
    """What has become of the attempts to fetch credentials.

    Args:
        fetched: Attempts that brought some.
        failed: Attempts that did not.
        oldest: When the oldest of those in use came, in Unix seconds; None where there are none
            that are fetched.
    """

    fetched: int = 0
    failed: int = 0
    oldest: float | None = None

    @classmethod
    def of_all(cls, states: Iterable[CredentialState]) -> CredentialState:
        """Give several as one."""
        known = tuple(states)
        return cls(
            fetched=sum(each.fetched for each in known),
            failed=sum(each.failed for each in known),
            oldest=min((each.oldest for each in known if each.oldest is not None), default=None),
        )
