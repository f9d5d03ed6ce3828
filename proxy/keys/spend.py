"""What requests cost, as it is written down. Money is in US dollars, times are Unix seconds."""

from __future__ import annotations

from typing import NamedTuple

from adapters.value import value


class Budget(NamedTuple):
    """A key's budget and what is left of it; `hours` are those until it begins anew."""

    label: str
    most: float
    left: float
    hours: float | None


@value(frozen=True, slots=True)
class Spent:
    """What a key has spent by the database's word."""

    digest: str
    spend: float
    reset_at: float | None


@value(frozen=True, slots=True, kw_only=True)
class SpendLog:
    """What one request has cost; `digest` is empty for the master key."""

    request_id: str
    digest: str
    alias: str
    task: str
    model: str
    deployment: str
    started_at: float
    ended_at: float
    prompt_tokens: int
    completion_tokens: int
    spend: float
    outcome: str


@value(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is to be added to a key's spend; `next_reset` begins a span that is over anew."""

    digest: str
    amount: float
    now: float
    next_reset: float | None
