"""What waits to be told."""

from __future__ import annotations

import asyncio

from proxy.fleet.fact import Fact
from proxy.fleet.outbox import Outbox
from tests.proxy.routing.groups import Clock


def rest(name: str, seconds: float = 5) -> Fact:
    return Fact(kind="rest", of=name, seconds=seconds)


async def test_the_newest_on_each_subject() -> None:
    """Of several facts on one subject only the last is told; cold and warm are one subject."""
    box = Outbox(Clock())
    warm = Fact(kind="warm", of="s", seconds=1)
    for fact in (rest("a", 4), Fact(kind="cold", of="s", seconds=5), rest("a", 5), warm):
        box.put(fact)
    assert await box.take(0) == [rest("a", 5), warm]
    assert await box.take(0) == []


async def test_there_is_room_for_so_many() -> None:
    """When it is full the oldest fact goes, and nobody waits."""
    box = Outbox(Clock(), room=2)
    for name in "abc":
        box.put(rest(name))
    assert [fact.of for fact in await box.take(0)] == ["b", "c"]


async def test_what_is_over_is_not_told() -> None:
    """A fact that waited has less time left, and none is told whose time is over."""
    clock = Clock()
    box = Outbox(clock)
    box.put(rest("a", 1))
    box.put(rest("b", 5))
    clock.now += 2
    assert await box.take(0) == [rest("b", 3)]


async def test_what_could_not_be_told_comes_again() -> None:
    """It is kept, unless there is something newer, or no room."""
    box = Outbox(Clock(), room=2)
    for name in "abc":
        box.put(rest(name, 4))
    taken = await box.take(0)
    box.put(rest("b", 5))
    box.give_back([*taken, rest("d")])
    assert await box.take(0) == [rest("b", 5), rest("c", 4)]


async def test_waiting_for_the_first() -> None:
    """Whoever takes waits for the first fact, or to be woken."""
    box = Outbox(Clock())
    taking = asyncio.create_task(box.take(60))
    await asyncio.sleep(0)
    box.put(rest("a"))
    assert await taking == [rest("a")]
    taking = asyncio.create_task(box.take(60))
    await asyncio.sleep(0)
    box.wake()
    assert await taking == []
