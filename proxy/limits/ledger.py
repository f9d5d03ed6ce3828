"""What a ledger does for a request, and the receipt that it gives.

Knows the life of a reservation: taken, settled or cancelled, released. Refuses to know where
the counts are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from adapters.value import value
from proxy.limits.claim import Claim, Remaining


class Unreachable(Exception):
    """The place where the counts are kept does not answer."""


class Ledger(Protocol):
    """Counts what is used, and refuses what is too much."""

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        """Take one request and an estimate of tokens from all claims, or nothing from any.

        Args:
            claims: Of different scopes.
            tokens: What the request will use, as far as one can tell beforehand.

        Raises:
            RateLimited: With the time until it would pass, where waiting helps.
            Overloaded: The counts can't be had, and nothing may pass uncounted.
        """
        ...

    async def aclose(self) -> None:
        """Finish what is under way and let go of files and connections."""
        ...


@value(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was counted for a request: by whom, when (a window's bucket), under which lease."""

    claims: Sequence[Claim]
    bucket: int
    tokens: int
    remaining: tuple[Remaining, ...]
    lease: str = ""


class Counts(Protocol):
    """Where a reservation writes what it learns. Neither method waits or fails."""

    def correct(self, taken: Taken, requests: int, tokens: int) -> None:
        """Add these differences: what is too much as of now, what was too little back then."""
        ...

    def let_go(self, taken: Taken) -> None:
        """Give the parallel slots back."""
        ...


class Reservation:
    """One request's receipt.

    Whoever reserves calls `release` or `cancel` in the end; all methods may be called again and
    then do nothing.
    """

    __slots__ = ("_counts", "_held", "_settled", "_taken")

    def __init__(self, counts: Counts, taken: Taken) -> None:
        self._counts = counts
        self._taken = taken
        self._settled = False
        self._held = True

    @property
    def remaining(self) -> tuple[Remaining, ...]:
        """What each claim's owner had left once this was taken."""
        return self._taken.remaining

    def settle(self, tokens: int) -> None:
        """Replace the estimate by the tokens that were used."""
        self._correct(0, tokens - self._taken.tokens)

    def release(self) -> None:
        """Give the parallel slots back: the request is over."""
        if self._held:
            self._held = False
            self._counts.let_go(self._taken)

    def cancel(self) -> None:
        """Give everything back that is not settled: the request was never made."""
        self._correct(-1, -self._taken.tokens)
        self.release()

    def _correct(self, requests: int, tokens: int) -> None:
        if self._settled:
            return
        self._settled = True
        if requests or tokens:
            self._counts.correct(self._taken, requests, tokens)
