"""The board in Redis that gateways tell each other facts on: a channel, and a key for each fact.

Whoever is there hears of a fact at once; whoever comes later finds its key for as long as it
stands. All of it happens behind requests' backs. Without Redis nothing is told and nothing heard,
and it is tried again at a growing pace. Imported only where Redis is configured. Refuses to know
what facts mean.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol
from uuid import uuid4

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from proxy.fleet.fact import Fact, NoFact, read
from proxy.fleet.outbox import Outbox

_log = structlog.stdlib.get_logger("sagegate")

#: Names all keys.
PREFIX: Final = "sagegate:fleet:"
#: Seconds that Redis may take for anything.
PATIENCE: Final = 0.5
#: Seconds between two signs of life, in each direction.
BEAT: Final = 1.0
#: Seconds until the next try after Redis was lost: at first, and at most.
_PAUSES: Final = (0.25, 2.0)
#: One for what is heard, one for what is told.
_CONNECTIONS: Final = 2
_KEYS_AT_ONCE: Final = 200


class Company(Protocol):
    """What the board is for."""

    def hear(self, fact: Fact) -> bool:
        """Take a fact that somebody else tells; tell whether it meant anything here."""
        ...

    def names(self) -> Iterable[str]:
        """Give the names that facts may be about here."""
        ...

    def beat(self) -> None:
        """Say again what must be said again and again."""
        ...


class Tally(Protocol):
    """Counts for the operator."""

    def facts(self, outcome: str) -> None:
        """Count a fact: `told`, `heard`, or `ignored`, for it means nothing here or is none."""
        ...

    def connected(self, *, is_so: bool) -> None:
        """Note whether the board is in reach."""
        ...


class Board:
    """One process's place at the board.

    Args:
        url: `redis://` or `rediss://`, with user name and password.
        company: Who hears and tells here.
        tally: Counts.
        ca_file: A bundle of certificate authorities instead of the machine's.
        prefix: What all keys begin with.
    """

    def __init__(
        self,
        url: str,
        company: Company,
        outbox: Outbox,
        tally: Tally,
        *,
        ca_file: str | None = None,
        prefix: str = PREFIX,
    ) -> None:
        trust = {} if ca_file is None else {"ssl_ca_certs": ca_file}
        self._pool = ConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
            **trust,
        )
        self._company = company
        self._outbox = outbox
        self._tally = tally
        self._prefix = prefix
        # Channels, unlike keys, are the same in all databases of a Redis.
        database = self._pool.connection_kwargs.get("db") or 0
        self._channel = f"{prefix}{database}:news"
        self._self = uuid4().hex
        self._wants_to_read = True
        self._has_read = asyncio.Event()
        self._lost_at: float | None = None

    async def has_read(self) -> bool:
        """Read what stands on the board; tell whether that came about in a moment's time."""
        self._has_read.clear()
        self._wants_to_read = True
        self._outbox.wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._has_read.wait()
        return not self._wants_to_read

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[None]:
        """Tell and hear for the block."""
        serving = asyncio.create_task(self._serve(), name="fleet")
        try:
            yield
        finally:
            await _ended({serving}, every=1.0)
            self._tally.connected(is_so=False)

    async def _serve(self) -> None:
        pause, most = _PAUSES
        while True:
            began = time.monotonic()
            try:
                await self._attend()
            except (RedisError, OSError) as error:  # TimeoutError is an OSError
                self._lost(error)
            if time.monotonic() > began + most:
                pause = _PAUSES[0]
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
            pause = min(2 * pause, most)

    async def _attend(self) -> None:
        """Connect, and stay for as long as Redis answers."""
        try:
            async with Redis(connection_pool=self._pool) as redis, redis.pubsub() as ears:
                async with asyncio.timeout(2 * PATIENCE):
                    await ears.subscribe(self._channel)
                self._wants_to_read = True
                await _first_end(self._hear(ears), self._tell(redis))
        finally:
            await self._pool.disconnect()

    async def _hear(self, ears: PubSub) -> None:
        asked = False
        while True:
            message = await ears.get_message(timeout=BEAT)
            if message is None:
                if asked:
                    raise TimeoutError("Redis says nothing")
                await ears.ping()
            elif message["type"] == "message":
                self._take(message["data"])
            asked = message is None
            await asyncio.sleep(0)  # a flood must not keep requests waiting

    async def _tell(self, redis: Redis) -> None:
        while True:
            if self._wants_to_read:
                await self._read(redis)
                self._found()
            facts = await self._outbox.take(BEAT)
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._write(redis, facts)
            except BaseException:
                self._outbox.give_back(facts)
                raise
            self._company.beat()

    async def _write(self, redis: Redis, facts: Sequence[Fact]) -> None:
        if not facts:
            await redis.ping()
            return
        async with redis.pipeline(transaction=False) as pipe:
            for fact in facts:
                data, key = fact.written(self._self), self._key(fact.of)
                if fact.stands_for:
                    pipe.set(key, data, px=max(round(fact.stands_for * 1000), 1))
                else:
                    pipe.delete(key)
                pipe.publish(self._channel, data)
            await pipe.execute()
        for _ in facts:
            self._tally.facts("told")

    async def _read(self, redis: Redis) -> None:
        """Learn what stands."""
        self._wants_to_read = False
        names = list(self._company.names())
        for start in range(0, len(names), _KEYS_AT_ONCE):
            async with asyncio.timeout(PATIENCE), redis.pipeline(transaction=False) as pipe:
                for name in names[start : start + _KEYS_AT_ONCE]:
                    pipe.get(self._key(name))
                    pipe.pttl(self._key(name))
                found = await pipe.execute()
            for data, left in zip(found[::2], found[1::2], strict=True):
                if data is not None:
                    self._take(data, max(left, 0) / 1000)
        self._has_read.set()

    def _take(self, data: Any, left: float | None = None) -> None:
        """Take what somebody else says, and what is left of it where it was said before."""
        try:
            sender, fact = read(data)
        except NoFact:
            self._tally.facts("ignored")
            return
        if sender == self._self:
            return
        meant = self._company.hear(fact if left is None else fact.with_left(left))
        self._tally.facts("heard" if meant else "ignored")

    def _key(self, name: str) -> str:
        return f"{self._prefix}fact:{name}"

    def _lost(self, error: Exception) -> None:
        self._tally.connected(is_so=False)
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            _log.warning(
                "fleet.redis_lost",
                reason=f"{type(error).__name__}: {error}",
                meanwhile="each process finds out for itself who rests and what is cold",
            )

    def _found(self) -> None:
        self._tally.connected(is_so=True)
        if self._lost_at is not None:
            seconds = round(time.monotonic() - self._lost_at, 1)
            self._lost_at = None
            _log.info("fleet.redis_found", seconds=seconds)


async def _first_end(*works: Coroutine[Any, Any, None]) -> None:
    """Do all of it until the first one ends, which only an error makes them."""
    tasks = {asyncio.create_task(work, name="fleet: a part") for work in works}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        await _ended(tasks, every=0.1)


async def _ended(tasks: set[asyncio.Task[None]], every: float) -> None:
    """Cancel tasks until they end: Redis's library may swallow the first time."""
    pending = tasks
    while pending:
        for each in pending:
            each.cancel()
        _, pending = await asyncio.wait(pending, timeout=every)
