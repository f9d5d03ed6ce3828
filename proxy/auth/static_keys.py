"""The configuration's own keys: from rows of `keys` to callers."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.errors import ConfigError
from proxy.auth.caller import Caller
from proxy.auth.keyring import RESERVED
from proxy.auth.terms import KeyTerms
from proxy.config.key_entry import KeyEntry


def static_keys(entries: Sequence[KeyEntry]) -> dict[bytes, Caller]:
    """Give the callers by their keys' digests.

    Raises:
        ConfigError: two rows have the same key or the same alias, or one has a reserved alias.
    """
    callers: dict[bytes, Caller] = {}
    aliases: set[str] = set(RESERVED)
    for index, entry in enumerate(entries):
        caller, digest = _caller(index, entry), bytes.fromhex(entry.key)
        if digest in callers:
            raise ConfigError("an earlier row has the same key", path=("keys", index, "key"))
        if caller.alias in aliases:
            raise ConfigError(
                "an earlier row has this alias, or it says who has no key: admin, anonymous",
                path=("keys", index, "alias" if entry.alias else "key_alias"),
            )
        callers[digest] = caller
        aliases.add(caller.alias)
    return callers


def _caller(index: int, entry: KeyEntry) -> Caller:
    alias = entry.alias or entry.key_alias or f"keys[{index}]"
    terms = KeyTerms(
        models=entry.models,
        aliases=entry.aliases,
        rpm=entry.rpm_limit if entry.rpm is None else entry.rpm,
        tpm=entry.tpm_limit if entry.tpm is None else entry.tpm,
        parallel=entry.max_parallel_requests,
        model_rpm=entry.model_rpm_limit,
        model_tpm=entry.model_tpm_limit,
        routes=entry.allowed_routes,
        expires=entry.expires,
        blocked=entry.blocked,
        tags=entry.tags,
        metadata=entry.metadata,
    )
    return terms.caller(alias, entry.key)
