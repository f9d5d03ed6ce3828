"""What a key is for, whoever wrote it down: from plain values to a caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final

from adapters.value import value
from proxy.auth.caller import Account, Caller, Routes
from proxy.auth.grants import Grants
from proxy.limits import claims
from proxy.limits.claim import Claim

#: Shared by all keys that say nothing: there may be many of them.
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@value(frozen=True, slots=True, kw_only=True)
class KeyTerms:
    """The terms of one key; None is no limit, and an empty list narrows nothing.

    Args:
        rpm: Requests in any 60 seconds; `tpm` are tokens, `parallel` requests at once.
        model_rpm: The same for models by their names; `model_tpm` are tokens.
        routes: Paths, or LiteLLM's name for all that a key can be for.
        expires: Unix seconds.
    """

    models: Iterable[str] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    rpm: int | None = None
    tpm: int | None = None
    parallel: int | None = None
    model_rpm: Mapping[str, int] = field(default_factory=dict)
    model_tpm: Mapping[str, int] = field(default_factory=dict)
    routes: Iterable[str] = ()
    expires: float | None = None
    blocked: bool = False
    tags: Iterable[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def caller(self, alias: str, digest: str, account: Account | None = None) -> Caller:
        """Give who calls with the key.

        Args:
            alias: What logs call it.
            digest: Its SHA-256 in hexadecimal digits.
            account: What it has spent.

        Raises:
            ValueError: a model's pattern is none.
        """
        said = Routes.of(self.routes)
        return Caller(
            alias,
            digest=digest,
            models=Grants.of(self.models),
            aliases=dict(self.aliases) or _NOTHING,
            routes=said.routes,
            named=said.named,
            claim=claims.of_key(digest, alias, rpm=self.rpm, tpm=self.tpm, parallel=self.parallel),
            model_claims=self._model_claims(alias, digest) or _NOTHING,
            expires=self.expires,
            blocked=self.blocked,
            tags=frozenset(self.tags),
            metadata=dict(self.metadata) or _NOTHING,
            account=account,
        )

    def _model_claims(self, alias: str, digest: str) -> dict[str, Claim]:
        return {
            model: claims.of_key_for_model(
                digest,
                alias,
                model,
                rpm=self.model_rpm.get(model),
                tpm=self.model_tpm.get(model),
            )
            for model in {**self.model_rpm, **self.model_tpm}
        }
