"""Limits that several real processes share, and processes that die."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.errors import RateLimited
from proxy.limits.ledger import Ledger
from proxy.limits.shared import LOOK, SharedLedger
from tests.proxy.limits.bench import Bench, Clock
from tests.proxy.limits.crew import crew_of
from tests.proxy.limits.worker import ADMITTED, KEY, LEASE, MODEL, SLOTS, ledger_at
from tests.redis_server import RedisServer

PROCESSES = 3
EACH = 320


@pytest.fixture(params=["shared", "redis"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer
) -> tuple[str, str, str]:
    """What ledgers that share their counts are told."""
    where = str(tmp_path) if request.param == "shared" else redis_server.url
    return request.param, where, f"{uuid4().hex}:"


@pytest.fixture
async def ledger(place: tuple[str, str, str]) -> AsyncIterator[Ledger]:
    """This process's own, beside the workers'."""
    made = ledger_at(*place)
    yield made
    await made.aclose()


async def test_processes_let_through_exactly_the_limit(
    place: tuple[str, str, str], ledger: Ledger
) -> None:
    """Three at once: as many pass as the limit says, and refusals cost the other limit nothing."""
    began = time.monotonic()
    with crew_of(PROCESSES, *place) as crew:
        for worker in crew:
            worker.tell(f"take {EACH}")
        counts = [int(worker.says()) for worker in crew]
    assert time.monotonic() - began < 60, "too slow for one window"
    assert sum(counts) == ADMITTED
    left = (await ledger.reserve([MODEL], 0)).remaining[0]
    assert MODEL.requests is not None
    assert left.requests == MODEL.requests - ADMITTED - 1


async def test_slots_of_a_killed_process_come_back(
    place: tuple[str, str, str], ledger: Ledger
) -> None:
    """While it lives its slots are held, however idle; killed, they are free within a lease."""
    assert SLOTS.parallel is not None
    with crew_of(1, *place) as (worker,):
        worker.tell(f"hold {SLOTS.parallel}")
        assert worker.says() == "held"
        await asyncio.sleep(2 * LEASE)  # leases are renewed
        with pytest.raises(RateLimited):
            await ledger.reserve([SLOTS], 0)
        worker.kill()
        for _ in range(100):
            if await _passes(ledger):
                return
            await asyncio.sleep(LEASE / 5)
    pytest.fail("the slots of a dead process are still held")


async def _passes(ledger: Ledger) -> bool:
    try:
        (await ledger.reserve([SLOTS], 0)).release()
    except RateLimited:
        return False
    return True


async def test_processes_killed_while_counting_leave_a_sound_table(tmp_path: Path) -> None:
    """Neither the lock nor the counts suffer from `kill -9` in the middle, and places are free."""
    place = ("shared", str(tmp_path), "")
    for _ in range(3):
        with crew_of(PROCESSES, *place) as crew:
            for worker in crew:
                worker.tell("take 1000000")
            await asyncio.sleep(0.05)
            for worker in crew:
                worker.kill()
    clock = Clock(time.monotonic() + 61)
    ledger = SharedLedger(tmp_path, clock)
    try:
        bench = Bench(ledger, clock)
        for _ in range(ADMITTED):
            await bench.take(MODEL, KEY, tokens=10)
        await bench.refused(MODEL, KEY, tokens=10)
    finally:
        await ledger.aclose()


async def test_dead_processes_are_looked_for_at_most_once_a_second(tmp_path: Path) -> None:
    """A storm of refusals does not look at every process each time."""
    clock = Clock(time.monotonic())
    ledger = SharedLedger(tmp_path, clock)
    bench = Bench(ledger, clock)
    try:
        with crew_of(1, "shared", str(tmp_path), "") as (worker,):
            worker.tell("hold 3")
            assert worker.says() == "held"
            await bench.refused(SLOTS)
            worker.kill()
            await bench.refused(SLOTS)
            clock.pass_by(LOOK)
            await bench.take(SLOTS)
    finally:
        await ledger.aclose()
