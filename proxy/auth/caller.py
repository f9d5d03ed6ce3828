"""Who calls, and what the caller's key may do: all that a request is judged by, made once per key.

Knows names of models and routes as texts; refuses to know where keys are kept and what answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, field
from typing import Any, Final, NamedTuple, Protocol

from adapters.errors import AuthenticationFailed, PermissionDenied
from adapters.value import value
from proxy.auth.grants import EVERY_MODEL, Grants
from proxy.limits.claim import Claim

#: LiteLLM's name for all that a key can be for here.
LLM_ROUTES: Final = "llm_api_routes"


class Account(Protocol):
    """What a key has spent, which changes while the key stays the same."""

    def check(self) -> None:
        """Refuse further requests when too much is spent.

        Raises:
            BudgetExceeded: it is.
        """
        ...


@value(frozen=True, slots=True)
class Caller:
    """Who calls.

    Args:
        alias: A name for logs and counts, never a key.
        is_admin: Whether it is the master key that was shown.
        digest: The key's SHA-256 in hexadecimal digits; empty for the master key and for nobody.
        models: The models that may be asked for.
        aliases: Names that stand for models, for this key only.
        routes: Paths of the routes that may be called; None for every one that is not the
            administrator's.
        named: Paths that its terms name; some routes are for nobody else's key.
        claim: What may be used in a minute and at once; None without limits.
        model_claims: What may be used of single models beside that, by their names.
        expires: Unix seconds from which on the key is none; None for never.
        blocked: Whether the key is switched off.
        tags: Of the deployments that answer; they win over a request's own.
        metadata: The operator's notes.
        account: What it has spent; None where nobody counts.
    """

    alias: str
    _: KW_ONLY
    is_admin: bool = False
    digest: str = field(default="", repr=False)
    models: Grants = EVERY_MODEL
    aliases: Mapping[str, str] = field(default_factory=dict)
    routes: frozenset[str] | None = None
    named: frozenset[str] = frozenset()
    claim: Claim | None = None
    model_claims: Mapping[str, Claim] = field(default_factory=dict)
    expires: float | None = None
    blocked: bool = False
    tags: frozenset[str] = frozenset()
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)
    account: Account | None = field(default=None, repr=False)

    def check_valid(self, clock: Callable[[], float] = time.time) -> None:
        """Refuse a key that is none any more.

        Raises:
            AuthenticationFailed: it is blocked, or its time is over.
        """
        if self.blocked:
            raise AuthenticationFailed("The API key is blocked.", code="key_blocked")
        if self.expires is not None and clock() >= self.expires:
            raise AuthenticationFailed("The API key has expired.", code="expired_key")

    def check_route(self, paths: Iterable[str]) -> None:
        """Refuse a route that the key is not for.

        Args:
            paths: All forms of the route's path.

        Raises:
            PermissionDenied: none of them is among the key's.
        """
        if self.routes is not None and self.routes.isdisjoint(paths):
            raise PermissionDenied("This key may not call this route.", code="key_route_denied")

    def resolved(self, model: str) -> str:
        """Give the model that a name stands for with this key."""
        return self.aliases.get(model, model)

    def claims_on(self, *names: str) -> tuple[Claim, ...]:
        """Give all limits that hold for a model, by any of its names."""
        own = () if self.claim is None else (self.claim,)
        if not self.model_claims:
            return own
        found = (self.model_claims.get(name) for name in dict.fromkeys(names))
        return (*own, *(claim for claim in found if claim is not None))

    def may_use(self, *names: str) -> bool:
        """Whether the key is for a model, by any of its names."""
        return self.models is EVERY_MODEL or any(name in self.models for name in names)

    def check_model(self, asked: str, *names: str) -> None:
        """Refuse a model that the key is not for.

        Args:
            asked: What the client said.
            names: All names of what it means; one that the key is for is enough.

        Raises:
            PermissionDenied: none of them is among the key's.
        """
        if not self.may_use(*names):
            raise PermissionDenied(
                f"This key may not use the model '{asked[:200]}'.",
                param="model",
                code="key_model_access_denied",
            )


class Routes(NamedTuple):
    """What a key's `allowed_routes` say: the two fields of its caller."""

    routes: frozenset[str] | None
    named: frozenset[str]

    @classmethod
    def of(cls, said: Iterable[str]) -> Routes:
        """Read them; none at all, and LiteLLM's name for all, narrow nothing."""
        paths = frozenset(said)
        return cls(None if not paths or LLM_ROUTES in paths else paths, paths)
