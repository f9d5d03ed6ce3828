"""A store in Redis, shared by processes and machines; requests never wait long for it, nor fail.

Knows Redis; the package is loaded only where this one is, and this one where Redis is configured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from proxy.cache.store import StoreUnavailable
from proxy.redis_line import Line

#: What follows our prefix in Redis: nothing else is ever touched.
_ANY_KEY: Final = "[0-9a-f]" * 64
_MILLISECONDS: Final = 1000
_KEYS_PER_CALL: Final = 500
_GLOB: Final = str.maketrans({mark: f"\\{mark}" for mark in "\\*?[]"})

_log = structlog.stdlib.get_logger("sagegate")


class RedisStore:
    """A `Store` of keys `<namespace>:<key>`.

    Args:
        url: `redis://` or `rediss://`, with user name and password.
        namespace: What all keys begin with.
        timeout: Seconds for one question, with connecting.
        max_connections: At once; who finds none free waits for one, within the timeout.
        ca_file: A bundle of certificate authorities instead of the machine's.
        line: The way to it, which others may use as well.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str,
        timeout: float = 0.25,
        max_connections: int = 32,
        ca_file: str | None = None,
        line: Line | None = None,
    ) -> None:
        trust = {} if ca_file is None else {"ssl_ca_certs": ca_file}
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # once: a connection may have died while nobody needed it
            retry=Retry(NoBackoff(), 1),
            **trust,
        )
        self._redis: Any = Redis(connection_pool=pool)  # its methods' types fit neither use of them
        self._prefix = f"{namespace}:"
        self._timeout = timeout
        self._line = line or Line()
        self._probing: asyncio.Task[None] | None = None
        self._is_out = False
        self._told: set[str] = set()

    @property
    def kind(self) -> str:
        """The `type` that it is configured by."""
        return "redis"

    async def get(self, key: str) -> bytes | None:
        """Give what is kept under a key, and still good."""
        data: bytes | None = await self._ask("GET", self._prefix + key)
        return data

    async def put(self, key: str, data: bytes, seconds: float) -> None:
        """Keep data for a time."""
        milliseconds = max(1, round(seconds * _MILLISECONDS))
        await self._ask("SET", self._prefix + key, data, "PX", milliseconds)

    async def delete(self, keys: Sequence[str]) -> int:
        """Forget what is kept under some keys; give how many there were."""
        return await self._unlink([self._prefix + key for key in keys])

    async def clear(self) -> None:
        """Forget everything in our namespace; nobody else's keys are touched."""
        pattern = self._prefix.translate(_GLOB) + _ANY_KEY
        cursor = b"0"
        while True:
            cursor, keys = await self._ask("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
            await self._unlink(keys)
            if int(cursor) == 0:
                return

    async def check(self) -> None:
        """Find out whether it can be read and written."""
        await self._ask("SET", f"{self._prefix}check", b"", "PX", _MILLISECONDS)
        await self._ask("GET", f"{self._prefix}check")

    async def aclose(self) -> None:
        """Close the connections."""
        if self._probing is not None:
            self._probing.cancel()
            await self.probed()
        await self._redis.aclose()  # a pool of our making, but not of the client's
        await self._redis.connection_pool.aclose()

    async def _unlink(self, keys: Sequence[str | bytes]) -> int:
        there = 0
        for start in range(0, len(keys), _KEYS_PER_CALL):
            there += await self._ask("UNLINK", *keys[start : start + _KEYS_PER_CALL])
        return there

    async def probed(self) -> None:
        """Wait for the end of a probe that is under way."""
        if self._probing is not None:
            await asyncio.wait({self._probing})

    async def _ask(self, *command: Any) -> Any:
        """Ask Redis, unless it is lost.

        Raises:
            StoreUnavailable: it is lost, did not answer in time, or refuses.
        """
        if self._line.fault is not None:
            self._is_lost()
            raise StoreUnavailable
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._redis.execute_command(*command)
        except ResponseError as error:
            self._refused(error)
            raise StoreUnavailable from error
        except (RedisError, OSError, TimeoutError) as error:
            self._line.lost(f"{type(error).__name__}: {error}")
            self._is_lost()
            raise StoreUnavailable from error
        self._is_back()
        return answer

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._redis.execute_command("PING")
        except (RedisError, OSError, TimeoutError) as error:
            self._line.lost(f"{type(error).__name__}: {error}")
        else:
            self._is_back()

    def _is_lost(self) -> None:
        """Have Redis probed, if that is due; said once until it is back."""
        if self._line.wants_probe():
            self._probing = asyncio.create_task(self._probe(), name="cache: probing Redis")
        if not self._is_out:
            self._is_out = True
            _log.warning("cache.store_out", error=self._line.fault)

    def _is_back(self) -> None:
        self._line.found()
        if self._is_out:
            self._is_out = False
            _log.info("cache.store_back")

    def _refused(self, error: ResponseError) -> None:
        """Say once what Redis has against a command, such as being full; others may still work."""
        what = str(error).partition(" ")[0]
        if what not in self._told:
            self._told.add(what)
            _log.warning("cache.store_refuses", error=str(error))
