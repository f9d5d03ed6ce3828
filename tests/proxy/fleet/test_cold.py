"""Many gateways before one endpoint that starts: together they ask about as often as one would."""

from __future__ import annotations

import asyncio

import pytest

from adapters.errors import EndpointCold, ModelLoading
from proxy.fleet.fact import Fact
from proxy.fleet.hearsay import HOLD
from proxy.fleet.naming import name_of_site
from proxy.routing.gate import Probe
from tests.proxy.fleet.replicas import DELAY, PACE, Replica, beating, connected, replica
from tests.proxy.routing.sleepy import Sleepy, ask, no_capacity
from tests.virtual_time import clock, run

COUNT = 100


async def all_ask(replicas: list[Replica]) -> None:
    """A request at each, half a second apart, and another one at each: all wait together."""

    async def soon(number: int, each: Replica) -> None:
        await asyncio.sleep(number * 0.5)
        await asyncio.gather(ask(each.served), ask(each.served))

    beats = asyncio.create_task(beating(replicas))
    await asyncio.gather(*(soon(number, each) for number, each in enumerate(replicas)))
    beats.cancel()


def test_a_hundred_ask_like_one() -> None:
    """One probe an interval, a half longer at most where whoever asked last asks no more."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=300)
        began = clock()
        await all_ask(connected(COUNT, [endpoint]))
        asked = len(endpoint.refused)
        assert 300 / (1.5 * PACE + 2) <= asked <= 1.2 * 300 / PACE, endpoint.pauses
        assert clock() - began < 300 + 2 * (1.5 * PACE + 1)
        assert len(endpoint.answered) == 2 * COUNT

    run(main)


def test_without_each_other_they_ask_much_more() -> None:
    """The same crowd, each by itself: what the board is for."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=300)
        await all_ask([replica([endpoint], seed=seed) for seed in range(10)])
        assert len(endpoint.refused) > 5 * 300 / (PACE + 1)

    run(main)


def test_who_asked_last_is_gone() -> None:
    """Another one goes on, half an interval late at most."""

    async def main() -> None:
        endpoint = Sleepy(starts_in=60)
        first, second = connected(2, [endpoint])
        leaving = asyncio.create_task(ask(first.served))
        await asyncio.sleep(0.5)
        staying = asyncio.create_task(ask(second.served))
        await asyncio.sleep(10)
        leaving.cancel()
        await asyncio.wait({leaving})
        await staying
        assert all(PACE <= pause <= 1.5 * PACE + 1.1 for pause in endpoint.pauses[1:])

    run(main)


def test_an_endpoint_that_takes_its_time_is_asked_once() -> None:
    """While one request is being answered nobody else asks, however long that takes."""

    async def main() -> None:
        first, second = connected(2, [Sleepy()])
        gate, other = first.members[0].gate, second.members[0].gate
        gate.closes(no_capacity(), PACE)
        await asyncio.sleep(PACE)
        beats = asyncio.create_task(beating([first, second]))
        probe = Probe(gate, PACE)
        for _ in range(60):
            await asyncio.sleep(1)
            assert not other.lets(None)
        probe.ended()
        await asyncio.sleep(1.5 * PACE + DELAY)
        assert other.lets(None)
        beats.cancel()
        await asyncio.wait({beats})

    run(main)


def test_who_dies_while_asking() -> None:
    """What it held is free soon after: nobody waits for the dead."""

    async def main() -> None:
        first, second = connected(2, [Sleepy()])
        gate, other = first.members[0].gate, second.members[0].gate
        gate.closes(no_capacity(), 0.1)
        await asyncio.sleep(0.1)
        probe = Probe(gate, 0.1)
        await asyncio.sleep(DELAY + 0.1)
        assert not other.lets(None)
        await asyncio.sleep(1.5 * HOLD)
        assert other.lets(None)
        del probe

    run(main)


def test_news_of_warmth() -> None:
    """Only an answer to a call that began since the gate closed opens it; all who wait go."""

    async def main() -> None:
        here = replica([Sleepy()])
        gate = here.members[0].gate
        name = name_of_site(gate.site)
        gate.closes(no_capacity(), PACE)
        await asyncio.sleep(10)
        assert here.hearsay.hear(Fact(kind="warm", of=name, seconds=11))
        assert gate.cold_for == 10
        here.wire.said.clear()
        assert here.hearsay.hear(Fact(kind="warm", of=name, seconds=9))
        assert gate.cold_for is None
        assert here.wire.said == [], "what was heard is not said again"

    run(main)


def test_what_those_hear_who_find_it_cold() -> None:
    """The refusal is as if the endpoint had been asked here."""

    async def main() -> None:
        here = replica([Sleepy()])
        gate = here.members[0].gate
        told = Fact(
            kind="cold",
            of=name_of_site(gate.site),
            seconds=5,
            code="model_not_ready",
            retry_after=2,
        )
        assert here.hearsay.hear(told)
        assert not gate.lets(None)
        refusal = gate.refusal()
        assert isinstance(refusal, ModelLoading)
        assert (refusal.code, refusal.retry_after) == ("model_not_ready", 2)
        assert here.wire.said == []

    run(main)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (no_capacity(), "no_capacity"),
        (ModelLoading("x", code="model_not_ready", retry_after=1), "model_not_ready"),
        (EndpointCold("x", code="of tomorrow"), "no_capacity"),
    ],
)
def test_what_is_said_of_a_cold_site(error: EndpointCold, code: str) -> None:
    """When it may be asked, why it is cold, and what clients are told."""

    async def main() -> None:
        here = replica([Sleepy()])
        here.members[0].gate.closes(error, PACE)
        (said,) = here.wire.said
        assert (said.kind, said.seconds) == ("cold", PACE)
        assert (said.code, said.retry_after) == (code, error.retry_after)

    run(main)
