"""Counts in Redis: exact for every process of every machine.

One round trip for each reservation, and nobody waits for corrections. Slots are leases that this
process renews, so that those of a killed one come back by themselves. Refuses to know what
happens while Redis does not answer (`outage.py`). Imported only where Redis is configured.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from proxy.limits.claim import SLOT_WAIT, Claim, Kind, Remaining, Shortage, refusal
from proxy.limits.ledger import Reservation, Taken, Unreachable
from proxy.limits.scripts import CORRECT, RENEW, RESERVE
from proxy.limits.window import MARGIN, WINDOW

#: Seconds that one round trip may take, a new connection included.
PATIENCE = 0.25
#: Seconds after which a dead process's slots come back; they are renewed three times as often.
LEASE = 30.0
#: At once; who finds none free waits for one, within the patience.
CONNECTIONS = 32
#: Names all keys. The braces keep them on one shard of a cluster.
PREFIX = "sagegate:{limits}:"

_MICRO = 1_000_000


def client(url: str, ca_file: str | None = None) -> Redis:
    """Give a client that waits no longer than its patience.

    Each command has a second try on a new connection, since one may have died while nobody needed
    it. A request whose connection breaks under it may count twice for that, never not at all.

    Args:
        url: `redis://` or `rediss://`, with user name and password.
        ca_file: A bundle of certificate authorities instead of the machine's.
    """
    trust = {} if ca_file is None else {"ssl_ca_certs": ca_file}
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=PATIENCE,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 1),
        **trust,
    )
    return Redis.from_pool(pool)


class _Meter(NamedTuple):
    claim: Claim
    kind: Kind
    limit: int
    key: str


class RedisLedger:
    """A ledger in Redis.

    Args:
        client: Closed with the ledger. It should retry once at most.
        prefix: What all keys begin with.
        patience: Seconds that a round trip may take.
        lease: Seconds after which a dead process's slots come back.
        clock: Stands in for the server's clock, in tests.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: str = PREFIX,
        patience: float = PATIENCE,
        lease: float = LEASE,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._patience = patience
        self._lease = lease
        self._clock = clock
        self._reserve = client.register_script(RESERVE)
        self._correct = client.register_script(CORRECT)
        self._renew = client.register_script(RENEW)
        self._process = uuid4().hex
        self._numbers = count()
        #: Lease -> keys of the slots that it holds.
        self._held: dict[str, tuple[str, ...]] = {}
        self._renewal: asyncio.Task[None] | None = None
        self._writing: set[asyncio.Task[None]] = set()

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        """Take from all claims or from none; see `Ledger`.

        Raises:
            RateLimited: With the time until it would pass, where waiting helps.
            Unreachable: Redis does not answer, or not in time.
        """
        meters = list(_meters(claims, self._prefix))
        lease = f"{self._process}:{next(self._numbers)}"
        limits = [each for meter in meters for each in (meter.kind, meter.limit)]
        term, slot_wait = int(self._lease * _MICRO), int(SLOT_WAIT * _MICRO)
        keys = [meter.key for meter in meters]
        reply = await self._run(self._reserve, keys, tokens, lease, term, slot_wait, *limits)
        if not reply[0]:
            meter, micros = meters[reply[1] - 1], reply[2]
            wait = math.inf if micros < 0 else min(micros / _MICRO + MARGIN, WINDOW)
            raise refusal(Shortage(meter.claim, meter.kind, wait, reply[3]), tokens)
        remaining = _remaining(claims, meters, reply[2:])
        self._hold(lease, meters)
        return Reservation(
            self,
            Taken(claims=claims, bucket=reply[1], tokens=tokens, remaining=remaining, lease=lease),
        )

    async def ping(self) -> None:
        """Find out whether Redis answers.

        Raises:
            Unreachable: it does not, or not in time.
        """
        async with self._answering():
            await self._client.ping()

    def correct(self, taken: Taken, requests: int, tokens: int) -> None:
        """Add differences, behind the request's back; see `Counts`."""
        meters = [each for each in _meters(taken.claims, self._prefix) if each.kind != "parallel"]
        if meters:
            keys, kinds = [each.key for each in meters], [each.kind for each in meters]
            self._write(self._run(self._correct, keys, taken.bucket, requests, tokens, *kinds))

    def let_go(self, taken: Taken) -> None:
        """Give slots back, behind the request's back; see `Counts`."""
        keys = self._held.pop(taken.lease, ())
        if keys:
            self._write(self._free(taken.lease, keys))
        if not self._held and self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    async def written(self) -> None:
        """Wait until Redis has what was told so far."""
        await asyncio.gather(*self._writing)

    async def aclose(self) -> None:
        """Free what is held, finish what is being written, and close the connections."""
        for lease in tuple(self._held):
            self._write(self._free(lease, self._held.pop(lease)))
        if self._renewal is not None:
            self._renewal.cancel()
        await self.written()
        await self._client.aclose()

    def _hold(self, lease: str, meters: Sequence[_Meter]) -> None:
        keys = tuple(meter.key for meter in meters if meter.kind == "parallel")
        if keys:
            self._held[lease] = keys
            if self._renewal is None:
                self._renewal = asyncio.create_task(self._keep_renewing())

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            leases = dict(self._held)
            pairs = [(key, lease) for lease, keys in leases.items() for key in keys]
            with suppress(Unreachable):  # the next round comes before the leases end
                await self._run(self._renew, [key for key, _ in pairs], *self._term(pairs))
            for lease in leases.keys() - self._held.keys():
                self._write(self._free(lease, leases[lease]))  # given back meanwhile

    def _term(self, pairs: Sequence[tuple[str, str]]) -> list[int | str]:
        return [int(self._lease * _MICRO), *(lease for _, lease in pairs)]

    async def _free(self, lease: str, keys: Sequence[str]) -> None:
        async with self._answering(), self._client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.zrem(key, lease)
            await pipe.execute()

    async def _run(self, script: AsyncScript, keys: Sequence[str], *arguments: int | str) -> Any:
        now = "" if self._clock is None else int(self._clock() * _MICRO)
        async with self._answering():
            return await script(keys, [now, *arguments])

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                yield
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    def _write(self, writing: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(_in_the_background(writing))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)


async def _in_the_background(writing: Coroutine[Any, Any, Any]) -> None:
    with suppress(Unreachable):  # counts leave by themselves within a minute, leases end sooner
        await writing


def _meters(claims: Sequence[Claim], prefix: str) -> Iterator[_Meter]:
    for claim in claims:
        if claim.requests is not None:
            yield _Meter(claim, "requests", claim.requests, f"{prefix}{claim.scope}:requests")
        if claim.tokens is not None:
            yield _Meter(claim, "tokens", claim.tokens, f"{prefix}{claim.scope}:tokens")
        if claim.parallel is not None:
            yield _Meter(claim, "parallel", claim.parallel, f"{prefix}{claim.scope}:parallel")


def _remaining(
    claims: Sequence[Claim], meters: Sequence[_Meter], left: Sequence[int]
) -> tuple[Remaining, ...]:
    found = {(meter.claim.scope, meter.kind): n for meter, n in zip(meters, left, strict=True)}
    return tuple(
        Remaining(
            claim,
            found.get((claim.scope, "requests")),
            found.get((claim.scope, "tokens")),
            found.get((claim.scope, "parallel")),
        )
        for claim in claims
    )
