"""One virtual key as it is kept: everything but the key itself.

Knows values only; refuses to know the database, HTTP and LiteLLM's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from adapters.value import value
from proxy.auth.caller import Account, Caller
from proxy.auth.terms import KeyTerms


@value(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A virtual key.

    Times are Unix seconds, money is in US dollars; None is no limit.

    Args:
        digest: The key's SHA-256 in hexadecimal digits.
        name: What may be shown of the key: its last four characters.
        spend: What it has cost since the last reset.
        budget_duration: After how long the spend begins anew, such as `30d`.
        deleted: The key is none any more, and never again.
    """

    digest: str
    name: str
    alias: str | None = None
    models: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    rpm: int | None = None
    tpm: int | None = None
    parallel: int | None = None
    model_rpm: Mapping[str, int] = field(default_factory=dict)
    model_tpm: Mapping[str, int] = field(default_factory=dict)
    expires: float | None = None
    routes: tuple[str, ...] = ()
    blocked: bool = False
    tags: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    max_budget: float | None = None
    budget_duration: str | None = None
    budget_reset_at: float | None = None
    spend: float = 0.0
    created_at: float
    updated_at: float
    deleted: bool = False

    @property
    def label(self) -> str:
        """What logs and limits call it."""
        return self.alias or f"key-{self.digest[:16]}"

    def caller(self, account: Account) -> Caller:
        """Give who calls with it."""
        terms = KeyTerms(
            models=self.models,
            aliases=self.aliases,
            rpm=self.rpm,
            tpm=self.tpm,
            parallel=self.parallel,
            model_rpm=self.model_rpm,
            model_tpm=self.model_tpm,
            routes=self.routes,
            expires=self.expires,
            blocked=self.blocked,
            tags=self.tags,
            metadata=self.notes,
        )
        return terms.caller(self.label, self.digest, account)
