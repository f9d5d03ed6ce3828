"""An issuer's public keys, fetched from the one address that the configuration names.

Knows when to fetch: at the start, when they are old, and once for a key that is not among them. A
token never makes the gateway ask more often than that, and never says where.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import jwt
import orjson
import structlog

from adapters.errors import GatewayError, Overloaded
from adapters.value import value

#: Gives the document at an address, or fails with `GatewayError` or `TimeoutError`.
Fetch = Callable[[str], Awaitable[bytes]]

#: Seconds between two fetches, at least.
PACE: Final = 5.0
#: Seconds for which old keys are good while newer ones can't be had.
_STALE: Final = 3600.0
_MOST_KEYS: Final = 100
_KINDS: Final = frozenset({"RSA", "EC", "OKP"})

_log = structlog.stdlib.get_logger("sagegate")


@value(frozen=True, slots=True)
class SigningKey:
    """One public key: its id, and for which algorithm, where the issuer says so."""

    kid: str | None
    algorithm: str | None
    document: Mapping[str, Any]

    def verifier(self, algorithm: str) -> Any:
        """Give the key for an algorithm.

        Raises:
            jwt.PyJWTError: it is not for that one.
        """
        if self.algorithm not in {None, algorithm}:
            raise jwt.InvalidKeyError
        return jwt.get_algorithm_by_name(algorithm).from_jwk(dict(self.document))


class KeySet:
    """The keys of one issuer.

    Args:
        url: Where they are.
        fetch: Gets them.
        ttl: Seconds after which they are fetched again.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        url: str,
        fetch: Fetch,
        ttl: float = 600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._ttl = ttl
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._coming: asyncio.Task[None] | None = None
        #: How often the keys have become others: what was checked with earlier ones is void.
        self.revision = 0

    def begin(self) -> None:
        """Fetch the keys beside whatever else is done, unless that was just tried."""
        if self._coming is None and self._may_try():
            self._tried_at = self._clock()
            self._coming = asyncio.create_task(self._refresh(), name="jwks")

    async def aclose(self) -> None:
        """Give up what is under way."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)

    async def ready(self) -> None:
        """Wait until there are keys that are not too old; mostly there is nothing to wait for.

        Raises:
            Overloaded: they can't be had.
        """
        if self._age() < self._ttl:
            return
        self.begin()
        if self._age() >= self._ttl + _STALE:
            await self._come()
        if self._age() >= self._ttl + _STALE:
            raise Overloaded(
                "The keys of the tokens' issuer can't be fetched.",
                code="jwks_unavailable",
                retry_after=PACE,
            )

    async def find(self, kid: str | None) -> SigningKey | None:
        """Give the key with an id, or the only one for a token that names none.

        Raises:
            Overloaded: there are no keys at all.
        """
        await self.ready()
        found = self._named(kid)
        if found is None and kid is not None:
            self.begin()
            await self._come()
            found = self._named(kid)
        return found

    def _named(self, kid: str | None) -> SigningKey | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.kid == kid), None)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= PACE

    async def _come(self) -> None:
        """Wait for the fetch that is under way; who stops waiting does not stop it."""
        if self._coming is not None:
            await asyncio.wait({self._coming})

    async def _refresh(self) -> None:
        try:
            keys = read_keys(await self._fetch(self._url))
        except (GatewayError, TimeoutError, ValueError) as error:
            reason = error.detail if isinstance(error, GatewayError) else None
            _log.error("jwt.keys_unavailable", reason=reason or type(error).__name__)
        else:
            self._fetched_at = self._clock()
            if keys != self._keys:
                self._keys = keys
                self.revision += 1
        finally:
            self._coming = None


def read_keys(document: bytes) -> tuple[SigningKey, ...]:
    """Read a JSON Web Key Set; keys that check no signatures are left out.

    Raises:
        ValueError: it is none.

    Source: RFC 7517
    """
    parsed = orjson.loads(document)
    rows = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(rows, list):
        raise ValueError("no key set")  # noqa: TRY004 - the document's fault, not a type's
    return tuple(_key(row) for row in rows[:_MOST_KEYS] if _checks_signatures(row))


def _checks_signatures(row: Any) -> bool:
    if not isinstance(row, dict) or row.get("kty") not in _KINDS:
        return False
    operations: Sequence[Any] = row.get("key_ops") or ["verify"]
    return row.get("use", "sig") == "sig" and "verify" in operations


def _key(row: Mapping[str, Any]) -> SigningKey:
    kid, algorithm = row.get("kid"), row.get("alg")
    return SigningKey(
        kid if isinstance(kid, str) else None,
        algorithm if isinstance(algorithm, str) else None,
        {name: value for name, value in row.items() if name in _PUBLIC},
    )


#: The parts of public keys: the private ones never come in.
_PUBLIC: Final = frozenset({"kty", "n", "e", "crv", "x", "y"})
