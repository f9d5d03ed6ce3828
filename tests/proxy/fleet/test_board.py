"""The board in a real Redis: who hears what, who learns what stands, and what an outage does."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from proxy.fleet.board import Board
from proxy.fleet.fact import LINGER, Fact
from proxy.fleet.outbox import Outbox
from tests.redis_server import RedisServer, serve_redis

NAME = "a" * 32
OTHER = "b" * 32
PATIENCE = 20.0


def rest(seconds: float = 5, name: str = NAME) -> Fact:
    return Fact(kind="rest", of=name, seconds=seconds)


def cold(seconds: float = 5) -> Fact:
    return Fact(kind="cold", of=OTHER, seconds=seconds)


@dataclass
class Somebody:
    """Hears everything, means something by most of it, and counts."""

    heard: list[Fact] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    is_connected: bool = False
    beats: int = 0

    def hear(self, fact: Fact) -> bool:
        self.heard.append(fact)
        return fact.of in self.names()

    def names(self) -> list[str]:
        return [NAME, OTHER, *(f"{number:032x}" for number in range(300))]

    def beat(self) -> None:
        self.beats += 1

    def facts(self, outcome: str) -> None:
        self.outcomes[outcome] += 1

    def connected(self, *, is_so: bool) -> None:
        self.is_connected = is_so


@dataclass
class Place:
    """Somebody at a board."""

    who: Somebody
    box: Outbox
    board: Board

    async def reads(self) -> None:
        """Wait until it has read the board, however busy the machine is."""
        async with asyncio.timeout(PATIENCE):
            while not await self.board.has_read():
                pass

    async def hears(self, count: int) -> list[Fact]:
        """Wait for so many facts."""
        await until(lambda: len(self.who.heard) >= count)
        return self.who.heard


async def until(reached: Callable[[], bool]) -> None:
    """Wait for what can only be looked at."""
    async with asyncio.timeout(PATIENCE):
        while not reached():  # noqa: ASYNC110 - what is looked at sets no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def place(url: str, prefix: str) -> AsyncIterator[Place]:
    """Take a place at a board."""
    who, box = Somebody(), Outbox(time.monotonic)
    board = Board(url, who, box, who, prefix=prefix)
    async with board.attended():
        yield Place(who, box, board)
    assert not who.is_connected


@pytest.fixture
def prefix() -> str:
    """Keys of the test's own."""
    return f"test:{uuid4().hex}:"


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with serve_redis() as server:
        yield server


async def test_who_is_there_hears_at_once(redis_server: RedisServer, prefix: str) -> None:
    """What one tells the others hear, and nobody hears himself."""
    url = redis_server.url
    async with place(url, prefix) as one, place(url, prefix) as other, place(url, prefix) as third:
        for each in (one, other, third):
            await each.reads()
        one.box.put(rest())
        one.box.put(cold())
        for each in (other, third):
            facts = await each.hears(2)
            assert [fact.kind for fact in facts] == ["rest", "cold"]
            assert 4.5 < facts[0].seconds <= 5
        assert one.who.heard == []
        assert one.who.outcomes == {"told": 2}
        assert other.who.outcomes == {"heard": 2}
        assert other.who.is_connected


async def test_who_comes_later_learns_what_stands(redis_server: RedisServer, prefix: str) -> None:
    """A rest until its end, a cold site for a while longer; what is warm is not told."""
    async with place(redis_server.url, prefix) as one, Redis.from_url(redis_server.url) as redis:
        one.box.put(rest(30))
        one.box.put(cold(3))
        await until(lambda: one.who.outcomes["told"] == 2)
        assert 25_000 < await redis.pttl(f"{prefix}fact:{NAME}") <= 30_000
        assert await redis.pttl(f"{prefix}fact:{OTHER}") <= (3 + LINGER) * 1000
        async with place(redis_server.url, prefix) as late:
            await late.reads()
            learnt = {fact.kind: fact.seconds for fact in late.who.heard}
            assert 25 < learnt["rest"] <= 30
            assert 0 <= learnt["cold"] <= 3
        one.box.put(Fact(kind="warm", of=OTHER, seconds=1))
        await until(lambda: one.who.outcomes["told"] == 3)
        async with place(redis_server.url, prefix) as later:
            await later.reads()
            assert [fact.kind for fact in later.who.heard] == ["rest"]


async def test_garbled_and_foreign_facts(redis_server: RedisServer, prefix: str) -> None:
    """What is no fact is ignored, wherever it comes from; what comes after it is heard."""
    async with place(redis_server.url, prefix) as one, Redis.from_url(redis_server.url) as redis:
        await redis.set(f"{prefix}fact:{NAME}", b"\xff" * 5000, ex=60)
        await one.reads()
        channel = f"{prefix}0:news"
        for noise in (b"", b"\x00", b"{}", b"x" * 100_000, rest().written("no sender")):
            await redis.publish(channel, noise)
        await redis.publish(channel, rest(name="c" * 32).written("cafe"))
        await redis.publish(channel, rest().written("cafe"))
        assert (await one.hears(2))[-1].of == NAME
        assert one.who.outcomes["heard"] == 1
        assert one.who.outcomes["ignored"] >= 7
        assert one.who.is_connected


async def test_databases_are_apart(redis_server: RedisServer, prefix: str) -> None:
    """Channels are the same in all databases of a Redis; ours are not."""
    elsewhere = redis_server.url.removesuffix("/0") + "/1"
    async with place(redis_server.url, prefix) as one, place(elsewhere, prefix) as other:
        await one.reads()
        await other.reads()
        async with place(redis_server.url, prefix) as third:
            await third.reads()
            one.box.put(rest())
            await third.hears(1)
        assert other.who.heard == []


@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_an_outage(own_redis: RedisServer, prefix: str, way: str) -> None:
    """Said once, and so is its end; what was found out meanwhile is told then."""
    with capture_logs() as logs:
        async with place(own_redis.url, prefix) as one, place(own_redis.url, prefix) as other:
            await one.reads()
            await other.reads()
            _stop(own_redis, way)
            await until(lambda: not one.who.is_connected and not other.who.is_connected)
            one.box.put(rest(60))
            assert not await one.board.has_read()
            await asyncio.sleep(1)
            _go_on(own_redis, way)
            await until(lambda: one.who.is_connected and other.who.is_connected)
            assert (await other.hears(1))[0].seconds < 59.5
    told = Counter(log["event"] for log in logs)
    assert told == {"fleet.redis_lost": 2, "fleet.redis_found": 2}
    assert logs[0]["reason"]
    assert own_redis.url not in str(logs)


async def test_a_start_without_redis(prefix: str) -> None:
    """It takes no longer than a moment."""
    with serve_redis() as redis:
        pass
    async with place(redis.url, prefix) as one:
        began = time.monotonic()
        assert not await one.board.has_read()
        assert time.monotonic() - began < 5


async def test_a_connection_that_died_silently(redis_server: RedisServer, prefix: str) -> None:
    """Whoever hears nothing asks for a sign of life, and connects anew where there is none."""
    async with silenced(redis_server) as (url, silence), place(url, prefix) as one:
        await one.reads()
        await until(lambda: one.who.beats > 2)
        assert one.who.is_connected, "silence is nothing bad while there are signs of life"
        silence.set()
        await until(lambda: not one.who.is_connected)


@asynccontextmanager
async def silenced(server: RedisServer) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A way to a Redis that swallows what a listener would hear, once it is told to."""
    silence = asyncio.Event()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", server.port)
        listens = asyncio.Event()

        async def one_way() -> None:
            while data := await reader.read(4096):
                if b"SUBSCRIBE" in data:
                    listens.set()
                back.write(data)
            back.close()

        async def other_way() -> None:
            while data := await there.read(4096):
                if not (listens.is_set() and silence.is_set()):
                    writer.write(data)
            writer.close()

        await asyncio.gather(one_way(), other_way(), return_exceptions=True)

    listener = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield f"redis://127.0.0.1:{port}/0", silence
    finally:
        listener.close()


def _stop(server: RedisServer, way: str) -> None:
    if way == "killed":
        server.kill()
    else:
        os.kill(server.pid, signal.SIGSTOP)


def _go_on(server: RedisServer, way: str) -> None:
    if way == "killed":
        server.start()
    else:
        os.kill(server.pid, signal.SIGCONT)
