"""A process of its own that asks a ledger: `python -m tests.proxy.limits.worker KIND PLACE …`.

It says `ready`, waits for a line, and then does what that says: `take N` asks N times as fast as
it can and prints how many passed; `hold N` takes N slots and keeps them.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from adapters.errors import RateLimited
from proxy.limits.claim import Claim
from proxy.limits.ledger import Ledger
from proxy.limits.redis_ledger import RedisLedger, client
from proxy.limits.shared import SharedLedger

MODEL = Claim(scope="model:m", label="model m", requests=500)
KEY = Claim(scope="key:k", label="key k", tokens=4000)
TOKENS = 10
#: What these limits let pass of such requests.
ADMITTED = 400
SLOTS = Claim(scope="model:slots", label="model slots", parallel=3)
LEASE = 1.5


def ledger_at(kind: str, place: str, prefix: str) -> Ledger:
    """A ledger on the real clock."""
    if kind == "shared":
        return SharedLedger(Path(place))
    return RedisLedger(client(place), prefix=prefix, patience=20.0, lease=LEASE)


async def passed(ledger: Ledger, times: int) -> int:
    """Ask so often, a few at a time; give how many passed."""

    async def ask(share: int) -> int:
        count = 0
        for _ in range(share):
            try:
                await ledger.reserve([MODEL, KEY], TOKENS)
            except RateLimited:
                continue
            count += 1
        return count

    return sum(await asyncio.gather(*(ask(times // 8) for _ in range(8))))


def say(line: str) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def work(kind: str, place: str, prefix: str) -> None:
    """Do as told."""
    ledger = ledger_at(kind, place, prefix)
    say("ready")
    verb, number = (await asyncio.to_thread(sys.stdin.readline)).split()
    if verb == "take":
        say(str(await passed(ledger, int(number))))
    else:
        for _ in range(int(number)):
            await ledger.reserve([SLOTS], 0)
        say("held")
        await asyncio.to_thread(sys.stdin.readline)
    await ledger.aclose()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:4]))
