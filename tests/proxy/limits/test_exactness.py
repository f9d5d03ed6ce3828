"""The ring of buckets against a log of everything, by hypothesis."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.errors import RateLimited
from proxy.limits.claim import Claim
from proxy.limits.memory import MemoryLedger
from proxy.limits.window import MARGIN, WIDTH, WINDOW
from tests.proxy.limits.bench import Clock, model

LIMIT = 7
TOKENS = 100
#: Seconds that the log's arithmetic may be wrong: two exact moments have no exact difference.
ROUNDING = 1e-6

#: Seconds that pass before a request, and the tokens that it asks for.
requests = st.tuples(
    st.one_of(st.floats(0, 3), st.floats(0, 130), st.sampled_from([0.0, 0.5, 59.5, 60.0, 60.5])),
    st.integers(0, TOKENS),
)


@dataclass
class Log:
    """Every admitted request, for ever."""

    entries: list[tuple[float, int]] = field(default_factory=list)

    def within(self, now: float, seconds: float) -> tuple[int, int]:
        """Requests and tokens of the seconds before now, their first moment not included."""
        recent = [tokens for at, tokens in self.entries if at > now - seconds]
        return len(recent), sum(recent)


async def wait_for(ledger: MemoryLedger, claim: Claim, tokens: int) -> float:
    """Give the seconds that a request is told to wait; nothing stays counted."""
    try:
        reservation = await ledger.reserve([claim], tokens)
    except RateLimited as error:
        return error.retry_after or 0.0
    reservation.cancel()
    return 0.0


def fits(used: tuple[int, int], tokens: int) -> bool:
    return used[0] < LIMIT and used[1] + tokens <= TOKENS


@settings(max_examples=300, deadline=None)
@given(st.lists(requests, max_size=60), st.floats(0, 1e7))
@example([(0.00025, 1), (60.0, 100)], 8.0)
def test_never_too_much_in_any_minute_and_never_refused_without_need(
    asked: list[tuple[float, int]], start: float
) -> None:
    """What passes fits into the last 60 s; what does not would not fit into half a second more."""
    clock, log = Clock(start), Log()
    ledger = MemoryLedger(clock)
    claim = model(requests=LIMIT, tokens=TOKENS)

    async def play() -> None:
        for pause, tokens in asked:
            clock.pass_by(pause)
            try:
                await ledger.reserve([claim], tokens)
            except RateLimited:
                assert not fits(log.within(clock.now, WINDOW + WIDTH + ROUNDING), tokens)
            else:
                assert fits(log.within(clock.now, WINDOW - ROUNDING), tokens)
                log.entries.append((clock.now, tokens))

    asyncio.run(play())


@settings(max_examples=200, deadline=None)
@given(st.lists(requests, min_size=1, max_size=40), st.integers(0, TOKENS))
def test_the_wait_is_never_too_short_nor_longer_than_a_bucket(
    asked: list[tuple[float, int]], tokens: int
) -> None:
    """Having waited as told, a request passes; a bucket's time earlier it would not have."""
    clock = Clock()
    ledger = MemoryLedger(clock)
    claim = model(requests=LIMIT, tokens=TOKENS)

    async def play() -> None:
        for pause, amount in asked:
            clock.pass_by(pause / 10)
            with suppress(RateLimited):
                await ledger.reserve([claim], amount)
        told = await wait_for(ledger, claim, tokens)
        clock.pass_by(max(0.0, told - WIDTH))
        assert told < WIDTH or await wait_for(ledger, claim, tokens) > 0
        clock.pass_by(min(WIDTH, told) + MARGIN)  # the way to the gateway takes as long
        assert told <= WINDOW
        assert await wait_for(ledger, claim, tokens) == 0

    asyncio.run(play())


async def test_memory_does_not_grow_with_traffic() -> None:
    """Scopes that nobody has used for a minute are forgotten; those that hold slots are not."""
    clock = Clock()
    ledger = MemoryLedger(clock)
    holding = await ledger.reserve([model(parallel=1, name="busy")], 0)
    for number in range(5000):
        await ledger.reserve([model(requests=1, name=str(number))], 0)
        clock.pass_by(1)
    assert len(ledger) < 1200
    assert await wait_for(ledger, model(parallel=1, name="busy"), 0) > 0
    holding.release()
    assert await wait_for(ledger, model(parallel=1, name="busy"), 0) == 0
