"""Where an administrator makes, changes and ends keys.

Every change is written down and true in this process before it is answered. Refuses to know HTTP.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

import structlog

from adapters.errors import InvalidRequest, Overloaded, Rejected
from proxy.auth.caller import LLM_ROUTES
from proxy.auth.keyring import digest_of
from proxy.keys.bodies import DeleteKeys, GenerateKey, RegenerateKey, Terms, UpdateKey
from proxy.keys.database import DATABASE_ERRORS
from proxy.keys.duration import seconds_of
from proxy.keys.live import LiveKeys
from proxy.keys.record import KeyRecord
from proxy.keys.spend import SpendLog
from proxy.keys.store import KeyStore

T = TypeVar("T")

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_RANDOM_BYTES: Final = 32
#: Our names for what LiteLLM calls otherwise.
_OURS: Final = {
    "key_alias": "alias",
    "rpm_limit": "rpm",
    "tpm_limit": "tpm",
    "max_parallel_requests": "parallel",
    "model_rpm_limit": "model_rpm",
    "model_tpm_limit": "model_tpm",
    "allowed_routes": "routes",
    "metadata": "notes",
}
#: What null makes empty.
_NEVER_NONE: Final = (
    *("models", "routes", "tags", "aliases", "notes", "blocked"),
    *("model_rpm", "model_tpm"),
)
_SAME: Final = ("models", "aliases", "max_budget", "budget_duration", "blocked", "tags")

_log = structlog.stdlib.get_logger("sagegate")


class KeyNotFound(Rejected):
    """No virtual key is meant."""

    status = 404
    type = "invalid_request_error"
    code = "key_not_found"


class KeyDesk:
    """Makes and changes keys.

    Args:
        store: The database.
        live: The keys that this process lets in.
        taken: Digests of keys that are somebody else's: the configuration's.
        clock: Unix seconds.
    """

    def __init__(
        self,
        store: KeyStore,
        live: LiveKeys,
        taken: Collection[bytes] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._live = live
        self._taken = frozenset(taken)
        self._clock = clock

    async def generate(self, body: GenerateKey, routes: Collection[str]) -> tuple[str, KeyRecord]:
        """Make a key; give it, for the only time.

        Args:
            body: What it is for.
            routes: The paths that a key can be for.

        Raises:
            InvalidRequest: its name, or the key itself, is taken.
        """
        key = body.key or _new_key()
        now = self._clock()
        fresh = KeyRecord(digest=_hex(key), name=_shown(key), created_at=now, updated_at=now)
        record = self._on(fresh, body, routes)
        if digest_of(key) in self._taken or not await self._done(self._store.add(record)):
            raise _taken_name()
        _log.info("key.generated", key=record.label)
        return key, record

    async def update(self, body: UpdateKey, routes: Collection[str]) -> KeyRecord:
        """Change what a key is for.

        Raises:
            KeyNotFound: there is no such key.
            InvalidRequest: its new name is taken.
        """
        before = await self.find(body.key)
        after = replace(self._on(before, body, routes), updated_at=self._clock())
        return await self._changed(before, _difference(before, after))

    async def block(self, key: str, *, blocked: bool) -> KeyRecord:
        """Switch a key off, or on again.

        Raises:
            KeyNotFound: there is no such key.
        """
        change = {"blocked": blocked, "updated_at": self._clock()}
        return await self._changed(await self.find(key), change)

    async def regenerate(
        self, body: RegenerateKey, routes: Collection[str]
    ) -> tuple[str, KeyRecord]:
        """Put a new key in a key's place; the old one is none any more.

        Raises:
            KeyNotFound: there is no such key.
            InvalidRequest: its new name is taken.
        """
        before, key = await self.find(body.key), _new_key()
        record = replace(
            self._on(before, body, routes),
            digest=_hex(key),
            name=_shown(key),
            updated_at=self._clock(),
        )
        if not await self._done(self._store.add(record, instead_of=before.digest)):
            raise _taken_name()
        _log.info("key.regenerated", key=record.label)
        return key, record

    async def delete(self, body: DeleteKeys) -> list[str]:
        """End keys for ever; give their digests.

        Raises:
            KeyNotFound: one of them is none; nothing is deleted then.
            InvalidRequest: none is named.
        """
        if not body.keys and not body.key_aliases:
            raise InvalidRequest("Name the keys to delete.", param="keys")
        records = [await self.find(key) for key in body.keys or ()]
        named = await self._asked(self._store.named(body.key_aliases or ()))
        if len(named) != len(set(body.key_aliases or ())):
            raise KeyNotFound("One of these aliases is no key's.", param="key_aliases")
        gone = list(dict.fromkeys(record.digest for record in (*records, *named)))
        await self._done(self._store.remove(gone, self._clock()))
        for record in (*records, *named):
            _log.info("key.deleted", key=record.label)
        return gone

    async def find(self, key: str) -> KeyRecord:
        """Give the key that is meant: by itself or by its digest.

        Raises:
            KeyNotFound: there is no such key.
        """
        digest = key if _DIGEST.fullmatch(key) else _hex(key)
        record = await self._asked(self._store.find(digest))
        if record is None:
            raise KeyNotFound("There is no such virtual key.", param="key")
        return record

    async def page(
        self, number: int, size: int, *, alias: str | None, digest: str | None
    ) -> tuple[list[KeyRecord], int]:
        """Give one page of the keys, the newest first, and how many there are in all."""
        return await self._asked(self._store.page(number, size, alias=alias, digest=digest))

    async def spend_logs(self, **which: Any) -> list[SpendLog]:
        """Give what requests have cost, those that were just answered included."""
        with suppress(*DATABASE_ERRORS):
            await self._live.spending.flush_all()
        return await self._asked(self._store.logs(**which))

    def _on(self, record: KeyRecord, terms: Terms, routes: Collection[str]) -> KeyRecord:
        """Give a key with what is said about it."""
        said = {name: getattr(terms, name) for name in terms.model_fields_set}
        _check_routes(said.get("allowed_routes") or (), routes)
        values = {_OURS[name]: said[name] for name in _OURS if name in said}
        values |= {name: said[name] for name in _SAME if name in said}
        empty = KeyRecord(digest="", name="", created_at=0, updated_at=0)
        for name in _NEVER_NONE:
            if name in values:
                value = getattr(empty, name) if values[name] is None else values[name]
                values[name] = tuple(value) if isinstance(value, list) else value
        now = self._clock()
        if "duration" in said:
            values["expires"] = _after(now, said["duration"])
        if "budget_duration" in said:
            values["budget_reset_at"] = _after(now, said["budget_duration"])
        return replace(record, **values)

    async def _changed(self, before: KeyRecord, change: dict[str, Any]) -> KeyRecord:
        after = await self._done(self._store.change(before.digest, change))
        if after is None:
            await self.find(before.digest)
            raise _taken_name()
        _log.info("key.changed", key=after.label, fields=sorted(change))
        return after

    async def _done(self, work: Awaitable[T]) -> T:
        """Have a change made, and learn of it here."""
        result = await self._asked(work)
        with suppress(*DATABASE_ERRORS):  # the next look comes soon
            await self._live.look()
        return result

    async def _asked(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except DATABASE_ERRORS as error:
            _log.warning("keys.database_failed", reason=type(error).__name__)
            raise Overloaded(
                "The database of the keys is out of reach.",
                code="database_unavailable",
                retry_after=1,
            ) from error


def _new_key() -> str:
    return f"sk-{secrets.token_urlsafe(_RANDOM_BYTES)}"


def _hex(key: str) -> str:
    return digest_of(key).hex()


def _shown(key: str) -> str:
    return f"sk-...{key[-4:]}"


def _after(now: float, duration: str | None) -> float | None:
    return None if duration is None else now + seconds_of(duration)


def _difference(before: KeyRecord, after: KeyRecord) -> dict[str, Any]:
    names = [each.name for each in fields(KeyRecord)]
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in names)
    return {name: new for name, old, new in pairs if new != old}


def _check_routes(said: Iterable[str], routes: Collection[str]) -> None:
    for path in said:
        if path != LLM_ROUTES and path not in routes:
            raise InvalidRequest(
                f"'{path[:200]}' is no route that a key can be for.", param="allowed_routes"
            )


def _taken_name() -> InvalidRequest:
    return InvalidRequest(
        "This alias, or this key, is taken.", param="key_alias", code="key_alias_taken"
    )
