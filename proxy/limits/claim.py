"""What is claimed from one limit's owner, and what is left of it.

Knows numbers and names; refuses to know who counts and where.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from adapters.errors import RateLimited
from adapters.value import value

Kind = Literal["requests", "tokens", "parallel"]

#: Seconds after which a refusal for want of a parallel slot is worth another try: nobody knows.
SLOT_WAIT = 1.0


@value(frozen=True, slots=True, kw_only=True)
class Claim:
    """The limits of one deployment, model or key; None is no limit, 0 lets nothing through.

    Args:
        scope: Whose counts these are, everywhere the same: `deployment:ID`, `model:NAME`,
            `key:HASH`. Never shown to a client.
        label: What a client is told instead: `model llama`, `key team-a`.
        requests: Requests in any 60 seconds.
        tokens: Tokens in any 60 seconds.
        parallel: Requests under way at once.
    """

    scope: str
    label: str
    requests: int | None = None
    tokens: int | None = None
    parallel: int | None = None

    @property
    def limits_something(self) -> bool:
        """Whether there is anything to count."""
        return not (self.requests is self.tokens is self.parallel is None)


class Remaining(NamedTuple):
    """What a claim's owner has left; None without that limit, below zero after an overrun."""

    claim: Claim
    requests: int | None
    tokens: int | None
    parallel: int | None

    def fits(self, tokens: int) -> bool:
        """Whether a request of so many tokens may pass."""
        return (
            (self.requests is None or self.requests >= 1)
            and (self.tokens is None or self.tokens >= tokens)
            and (self.parallel is None or self.parallel >= 1)
        )

    def less(self, tokens: int) -> Remaining:
        """Give what is left after a request of so many tokens."""
        return Remaining(
            self.claim,
            None if self.requests is None else self.requests - 1,
            None if self.tokens is None else self.tokens - tokens,
            None if self.parallel is None else self.parallel - 1,
        )


class Shortage(NamedTuple):
    """One limit that a request does not fit under; `wait` is in seconds, infinite for never.

    `left` is what it has for smaller requests.
    """

    claim: Claim
    kind: Kind
    wait: float
    left: int = 0

    @property
    def remaining(self) -> Remaining:
        """What the owner has left of the one that is short."""
        of = {self.kind: self.left}
        return Remaining(self.claim, of.get("requests"), of.get("tokens"), of.get("parallel"))


class LimitReached(RateLimited):
    """A request does not fit under a limit; `remaining` is what there is of it."""

    def __init__(self, message: str, remaining: Remaining, **details: Any) -> None:
        super().__init__(message, **details)
        self.remaining = remaining


def refusal(shortage: Shortage, tokens: int) -> LimitReached:
    """Give the error for a request of so many tokens that does not fit."""
    claim, kind, wait, _ = shortage
    if kind == "parallel":
        limit = f"{claim.parallel} requests at the same time"
    elif kind == "requests":
        limit = f"{claim.requests} requests per minute"
    else:
        limit = f"{claim.tokens} tokens per minute"
    if wait == math.inf:
        size = f" This request needs about {tokens}." if kind == "tokens" else ""
        return LimitReached(
            f"The limit for {claim.label} is {limit}.{size}", shortage.remaining, should_retry=False
        )
    return LimitReached(
        f"Limit reached for {claim.label}: {limit}. Try again in {wait:.1f} s.",
        shortage.remaining,
        retry_after=wait,
    )
