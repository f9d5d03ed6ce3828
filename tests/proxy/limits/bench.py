"""What the tests of limits have in common: a clock to turn, claims, ledgers of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from adapters.errors import RateLimited
from proxy.limits.claim import Claim
from proxy.limits.ledger import Ledger, Reservation
from proxy.limits.memory import MemoryLedger
from proxy.limits.redis_ledger import RedisLedger, client
from proxy.limits.shared import SharedLedger

KINDS = ("memory", "shared", "redis")


@dataclass
class Clock:
    """Time that passes when told."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def model(
    *,
    requests: int | None = None,
    tokens: int | None = None,
    parallel: int | None = None,
    name: str = "llama",
) -> Claim:
    """A model's limits."""
    return Claim(
        scope=f"model:{name}",
        label=f"model {name}",
        requests=requests,
        tokens=tokens,
        parallel=parallel,
    )


@dataclass
class Bench:
    """A ledger and its clock."""

    ledger: Ledger
    clock: Clock

    async def take(self, *claims: Claim, tokens: int = 0) -> Reservation:
        """Reserve; the test fails by the refusal."""
        return await self.ledger.reserve(claims, tokens)

    async def refused(self, *claims: Claim, tokens: int = 0) -> RateLimited:
        """Give the refusal of a request that must not pass."""
        try:
            await self.ledger.reserve(claims, tokens)
        except RateLimited as error:
            return error
        raise AssertionError("it passed")

    async def written(self) -> None:
        """Wait for what a ledger writes by itself."""
        if isinstance(self.ledger, RedisLedger):
            await self.ledger.written()


@asynccontextmanager
async def bench_of(kind: str, folder: Path, redis_url: str) -> AsyncIterator[Bench]:
    """A new, empty ledger with a clock of the test's own."""
    clock = Clock()
    ledger: Ledger
    if kind == "memory":
        ledger = MemoryLedger(clock)
    elif kind == "shared":
        ledger = SharedLedger(folder, clock)
    else:
        ledger = RedisLedger(
            client(redis_url), prefix=f"{uuid4().hex}:", patience=10.0, clock=clock
        )
    try:
        yield Bench(ledger, clock)
    finally:
        await ledger.aclose()
