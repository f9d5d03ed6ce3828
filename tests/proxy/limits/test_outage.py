"""Redis that goes away, hangs, comes back, or does not let us in."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.errors import Overloaded
from proxy.cache.redis_store import RedisStore
from proxy.cache.store import StoreUnavailable
from proxy.limits.claim import Claim
from proxy.limits.ledger import Reservation, Unreachable
from proxy.limits.memory import MemoryLedger
from proxy.limits.outage import GuardedLedger
from proxy.limits.redis_ledger import PATIENCE, RedisLedger, client
from proxy.redis_line import PAUSE, Line
from tests.proxy.limits.bench import Bench, Clock, model
from tests.redis_server import RedisServer, serve_redis


@pytest.fixture
def redis_of_ones_own() -> Iterator[RedisServer]:
    """A server that the test may kill."""
    with serve_redis() as server:
        yield server


@asynccontextmanager
async def guarded(
    url: str, *, fail_open: bool = True, line: Line | None = None
) -> AsyncIterator[Bench]:
    """A Redis ledger with what stands in for it; the clock is the one of the outage."""
    clock = Clock()
    stand_in = MemoryLedger() if fail_open else None
    ledger = GuardedLedger(RedisLedger(client(url)), stand_in, line or Line(clock), clock)
    try:
        yield Bench(ledger, clock)
    finally:
        await ledger.aclose()


async def probe(bench: Bench) -> None:
    """Let the time of the next probe come, and a request that sees so; wait for its end."""
    bench.clock.pass_by(PAUSE)
    with suppress(Overloaded):
        await bench.take(model(requests=100, name="other"))
    assert isinstance(bench.ledger, GuardedLedger)
    await bench.ledger.probed()


async def test_redis_lost_and_found(redis_of_ones_own: RedisServer) -> None:
    """Meanwhile this machine counts for itself; both ends of it are logged, once each."""
    claim = model(requests=2)
    with capture_logs() as logs:
        async with guarded(redis_of_ones_own.url) as bench:
            await bench.take(claim)
            redis_of_ones_own.kill()
            for _ in range(2):
                await bench.take(claim)
            await bench.refused(claim)
            await probe(bench)
            await bench.refused(claim)  # still away
            redis_of_ones_own.start()
            await probe(bench)
            left = (await bench.take(claim)).remaining[0]
            assert left.requests == 1, "Redis counts again, from nothing"
    events = [(log["event"], log["log_level"]) for log in logs]
    assert events == [("limits.redis_lost", "warning"), ("limits.redis_found", "info")]
    assert logs[0]["meanwhile"] == "each machine counts for itself"
    assert "ConnectionError" in logs[0]["reason"]
    assert logs[1]["seconds"] == 2 * PAUSE


async def test_connections_that_died_unused_are_no_outage(redis_of_ones_own: RedisServer) -> None:
    """A Redis that was restarted, or that closes what is idle, is there: nobody counts for it."""
    claim = model(parallel=100)
    with capture_logs() as logs:
        async with guarded(redis_of_ones_own.url) as bench:
            await asyncio.gather(*(bench.take(claim) for _ in range(8)))
            redis_of_ones_own.kill()
            redis_of_ones_own.start()
            await asyncio.gather(*(bench.take(claim) for _ in range(8)))
    assert logs == []


async def test_a_refusal_by_redis_ends_an_outage_too(redis_of_ones_own: RedisServer) -> None:
    """Redis that refuses a request is there."""
    claim = model(requests=0)
    with capture_logs() as logs:
        async with guarded(redis_of_ones_own.url) as bench:
            redis_of_ones_own.kill()
            await bench.refused(claim)
            redis_of_ones_own.start()
            await probe(bench)
            await bench.refused(claim)
    assert logs[-1]["event"] == "limits.redis_found"


async def test_fail_closed_lets_nothing_pass_uncounted(redis_of_ones_own: RedisServer) -> None:
    """503 with the time of the next try, and by itself well again."""
    async with guarded(redis_of_ones_own.url, fail_open=False) as bench:
        redis_of_ones_own.kill()
        for _ in range(2):
            with pytest.raises(Overloaded) as raised:
                await bench.take(model(requests=5))
            assert raised.value.retry_after == PAUSE
        redis_of_ones_own.start()
        await probe(bench)
        await bench.take(model(requests=5))


@asynccontextmanager
async def frozen() -> AsyncIterator[str]:
    """The address of a Redis that takes connections and says nothing."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_redis_that_hangs_costs_one_request_a_moment() -> None:
    """A black hole is waited for once and then left alone, however many requests come."""
    async with frozen() as url, guarded(url) as bench:
        began = time.monotonic()
        for _ in range(100):
            await bench.take(model(requests=1000))
        assert time.monotonic() - began < PATIENCE + 3


async def test_limits_and_cache_wait_once_together() -> None:
    """What one of them has found lost, the other one does not ask."""
    line = Line()
    async with frozen() as url, guarded(url, line=line) as bench:
        store = RedisStore(url, namespace="c", timeout=0.05, line=line)
        with pytest.raises(StoreUnavailable):
            await store.get("a")
        with capture_logs() as logs:
            began = time.monotonic()
            await bench.take(model(requests=1))
            assert time.monotonic() - began < PATIENCE
        assert logs[0]["event"] == "limits.redis_lost"
        await store.aclose()


async def test_during_an_outage_nobody_waits_for_the_probe() -> None:
    """At each pause one probe asks Redis; every request is answered meanwhile, at once."""

    class Hanging(MemoryLedger):
        asked = 0

        async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
            raise Unreachable(f"{claims} {tokens}")

        async def ping(self) -> None:
            self.asked += 1
            await asyncio.Event().wait()

    redis, clock = Hanging(), Clock()
    bench = Bench(GuardedLedger(redis, MemoryLedger(), clock=clock), clock)
    await bench.take(model(requests=100))
    for _ in range(2):
        clock.pass_by(PAUSE)
        for _ in range(10):
            await bench.take(model(requests=100))
            await asyncio.sleep(0)
    assert redis.asked == 2
    await bench.ledger.aclose()


async def test_a_wrong_password_is_an_outage_and_is_said_without_it() -> None:
    """The log tells why; the password stays out of it."""
    with serve_redis(password="right-s3cret") as server, capture_logs() as logs:
        async with guarded(server.url) as bench:
            await bench.take(model(requests=1))
        assert not logs
        async with guarded(server.url.replace("right", "wrong")) as bench:
            await bench.take(model(requests=1))
    assert "Authentication" in logs[0]["reason"]
    assert "s3cret" not in str(logs)


async def test_what_ends_during_an_outage_fails_nobody(redis_of_ones_own: RedisServer) -> None:
    """Settling and releasing wait for nothing and raise nothing."""
    async with guarded(redis_of_ones_own.url) as bench:
        reservation = await bench.take(model(tokens=10, parallel=1), tokens=10)
        redis_of_ones_own.kill()
        reservation.settle(5)
        reservation.release()


async def test_slots_survive_a_restart_of_redis(redis_of_ones_own: RedisServer) -> None:
    """Whoever holds a slot tells the emptied Redis so at the next renewal."""
    claim = model(parallel=1)
    ledger = RedisLedger(client(redis_of_ones_own.url), lease=0.6, patience=5.0)
    bench = Bench(ledger, Clock())
    holding = await bench.take(claim)
    redis_of_ones_own.kill()
    await asyncio.sleep(0.3)  # a renewal fails meanwhile
    redis_of_ones_own.start()
    async with asyncio.timeout(20):
        async with Redis.from_url(redis_of_ones_own.url) as asking:
            while not await asking.keys("*parallel"):  # noqa: ASYNC110 - no event comes of it
                await asyncio.sleep(0.02)
    await bench.refused(claim)
    holding.release()
    await ledger.written()
    await bench.take(claim)
    await ledger.aclose()


async def test_redis_keeps_nothing_that_nobody_uses(redis_of_ones_own: RedisServer) -> None:
    """Every key has an end of its own, and the prefix of ours."""
    async with (
        guarded(redis_of_ones_own.url) as bench,
        Redis.from_url(redis_of_ones_own.url, decode_responses=True) as asking,
    ):
        await bench.take(model(requests=5, tokens=50, parallel=1), tokens=5)
        keys = await asking.keys("*")
        assert len(keys) == 3
        for key in keys:
            assert str(key).startswith("sagegate:{limits}:model:llama:")
            assert 0 < await asking.pttl(key) <= 62_000
