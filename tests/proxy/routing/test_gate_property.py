"""Whoever comes and goes: one request at a time asks, at the pace, and nobody is forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import EndpointCold
from proxy.routing.gate import ColdStarts, Gates
from proxy.routing.model import PublicModel
from tests.proxy.routing.sleepy import Sleepy, ask, member, model
from tests.virtual_time import clock, run, unsteady

WAIT, PACE = 120, 5


@dataclass(frozen=True)
class Visitor:
    """A client: when it comes, and after how long it leaves, if it does not stay."""

    comes: float
    stays: float | None


visitors = st.builds(
    Visitor,
    comes=st.floats(0, 200, allow_nan=False),
    stays=st.none() | st.floats(0, 150, allow_nan=False),
)


async def visit(served: PublicModel, visitor: Visitor) -> str:
    """Tell how it went."""
    await asyncio.sleep(visitor.comes)
    try:
        async with asyncio.timeout(visitor.stays):
            await ask(served)
    except TimeoutError:
        return "left"
    except EndpointCold:
        return "in vain"
    return "served"


@settings(max_examples=150, deadline=None)
@given(crowd=st.lists(visitors, min_size=1, max_size=25), starts_in=st.none() | st.floats(1, 300))
def test_one_at_a_time_in_order_and_nobody_is_lost(
    crowd: list[Visitor], starts_in: float | None
) -> None:
    """Whoever stays is served once the endpoint is up, or told when the wait is over."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=starts_in, answer_seconds=0.5)
        one = member(endpoint, ColdStarts(wait=WAIT, pace=PACE))
        served = model(one)
        await ask_once_and_leave(served, endpoint)
        came = clock()
        told = await asyncio.gather(*(visit(served, visitor) for visitor in crowd))
        for visitor, outcome in zip(crowd, told, strict=True):
            if visitor.stays is None:
                assert outcome in expected(visitor, came, endpoint), (visitor, endpoint.awake_at)
        assert set(endpoint.crowds) == {0}
        assert all(pause >= PACE for pause in endpoint.pauses)
        assert (one.gate.waiting, one.live.in_flight, endpoint.under_way) == (0, 0, 0)

    run(main)


async def ask_once_and_leave(served: PublicModel, endpoint: Sleepy) -> None:
    """Close the gate."""
    asking = asyncio.ensure_future(ask(served))
    await asyncio.sleep(2)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert endpoint.refused


@settings(max_examples=150, deadline=None)
@given(late=st.floats(1e-6, 1e-2), reading=st.floats(1e-6, 1e-2))
def test_no_turn_is_missed(late: float, reading: float) -> None:
    """However clocks and timers differ, somebody goes on asking."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=60)
        gates = Gates(unsteady(late, reading))
        served = model(member(endpoint, ColdStarts(wait=900, pace=PACE), gates))
        began = clock()
        await asyncio.gather(*(ask(served) for _ in range(3)))
        assert clock() - began < 60 + 2 * PACE

    run(main)


def expected(visitor: Visitor, came: float, endpoint: Sleepy) -> set[str]:
    """Tell what must become of a client that stays.

    A start within the last intervals of its wait may be too late for it, or just in time.
    """
    ends = came + visitor.comes + WAIT
    if endpoint.awake_at is None or endpoint.awake_at >= ends:
        return {"in vain"}
    if endpoint.awake_at < ends - 2 * PACE - 2:
        return {"served"}
    return {"served", "in vain"}
