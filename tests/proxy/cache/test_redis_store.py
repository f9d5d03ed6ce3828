"""The store in Redis, against a real one: shared, bounded in time, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from proxy.cache.redis_store import RedisStore
from proxy.cache.store import StoreUnavailable
from proxy.redis_line import PAUSE, Line
from tests.proxy.cache.scripted import Clock
from tests.proxy.conftest import Logged
from tests.redis_server import RedisServer, serve_redis

A, B, C = "a" * 64, "b" * 64, "c" * 64


@asynccontextmanager
async def opened(
    url: str, namespace: str, clock: Clock | None = None, patience: float = 5.0
) -> AsyncIterator[RedisStore]:
    store = RedisStore(url, namespace=namespace, timeout=patience, line=Line(clock or Clock()))
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def beside(url: str) -> AsyncIterator[Any]:
    """Somebody else's connection to the same Redis."""
    client = Redis.from_url(url)
    try:
        yield client
    finally:
        await client.aclose()


async def test_two_stores_share_what_was_put(redis_server: RedisServer) -> None:
    """What one process put, another one finds, byte for byte; another namespace does not."""
    async with (
        opened(redis_server.url, "cache-share") as one,
        opened(redis_server.url, "cache-share") as two,
        opened(redis_server.url, "cache-apart") as apart,
    ):
        await one.put(A, b"\x00\xffdata", 60)
        assert await two.get(A) == b"\x00\xffdata"
        assert await two.get(B) is None
        assert await apart.get(A) is None
        await one.check()


async def test_redis_ends_its_time(redis_server: RedisServer) -> None:
    """An entry has its time in Redis itself, which forgets it; the shortest is a millisecond."""
    async with opened(redis_server.url, "cache-time") as store, beside(redis_server.url) as redis:
        await store.put(A, b"1", 60)
        assert 50_000 < await redis.pttl(f"cache-time:{A}") <= 60_000
        await store.put(B, b"1", 0.0001)
        assert await redis.pttl(f"cache-time:{B}") <= 1


async def test_forgetting_touches_nobody_elses_keys(redis_server: RedisServer) -> None:
    """Deleting and clearing know our keys only, even where others' begin alike."""
    async with opened(redis_server.url, "cache[1]*") as store, beside(redis_server.url) as redis:
        others = ("cache[1]*:session", f"cache1x:{A}", f"cache[1]*:{A}:x")
        for name in others:
            await redis.set(name, b"theirs")
        for name in (A, B, C):
            await store.put(name, b"1", 60)
        assert await store.delete([A, "d" * 64]) == 1
        assert await store.delete([]) == 0
        assert await store.get(A) is None
        await store.clear()
        assert await store.get(B) is None
        assert [await redis.get(name) for name in others] == [b"theirs"] * 3


async def test_an_outage_is_short_and_said_once(logged: Logged) -> None:
    """A Redis that is gone costs one try, and then no request waits; two lines are logged."""
    logged.begin()
    with serve_redis() as server:
        clock = Clock()
        async with opened(server.url, "cache", clock) as store:
            await store.put(A, b"1", 60)
            server.kill()
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    await store.get(A)
            clock.now += PAUSE
            with pytest.raises(StoreUnavailable):
                await store.get(A)
            await store.probed()
            server.start()
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    await store.get(A)  # not asked: the next probe is to come, or under way
                clock.now += PAUSE
            await store.probed()
            assert await store.get(A) is None
    assert [line["event"] for line in logged.lines()] == ["cache.store_out", "cache.store_back"]


async def test_a_silent_redis_is_given_up() -> None:
    """A server that takes connections and says nothing costs the timeout, not the request."""
    left = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, opened(f"redis://127.0.0.1:{port}", "cache", patience=0.05) as store:
        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(10):
                await store.get(A)
        async with asyncio.timeout(10):
            await left.wait()  # the connection is not left behind


async def test_a_password_is_needed_and_used(logged: Logged) -> None:
    """The URL's password lets us in; a wrong one is an outage, and is in no line of the log."""
    logged.begin()
    with serve_redis(password="open-sesame") as server:
        async with opened(server.url, "cache") as store:
            await store.put(A, b"1", 60)
        wrong = server.url.replace("open-sesame", "wrong-secret")
        async with opened(wrong, "cache") as store:
            with pytest.raises(StoreUnavailable):
                await store.get(A)
    lines = logged.lines()
    assert [line["event"] for line in lines] == ["cache.store_out"]
    assert "wrong-secret" not in str(lines)


async def test_a_full_redis_still_gives(logged: Logged) -> None:
    """A Redis that takes no more is no outage: it is said once, and what is there is found."""
    logged.begin()
    with serve_redis() as server:
        async with opened(server.url, "cache") as store, beside(server.url) as redis:
            await store.put(A, b"1", 60)
            await redis.config_set("maxmemory", 1)
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    await store.put(B, b"x" * 100, 60)
            assert await store.get(A) == b"1"
    assert [line["event"] for line in logged.lines()] == ["cache.store_refuses"]
