"""The thread beside the requests: bounds of number and time."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from proxy.callbacks.lane import Lane, LaneFull


async def ended(lane: Lane) -> None:
    await lane.aclose()
    await asyncio.to_thread(lane._thread.join, 20)  # noqa: SLF001 - no thread may outlive its test


async def test_what_ends_gives_its_outcome() -> None:
    """Results and errors come back; the work is done in another thread."""
    lane = Lane()

    async def work() -> int:
        return threading.get_ident()

    async def fail() -> None:
        raise KeyError("x")

    assert await asyncio.wrap_future(lane.post(work)) != threading.get_ident()
    with pytest.raises(KeyError):
        await asyncio.wrap_future(lane.post(fail))
    await ended(lane)


async def test_there_is_room_for_so_many() -> None:
    """More is refused at once; who was given up makes room."""
    lane = Lane(most=1)
    never = asyncio.Event()
    first = asyncio.wrap_future(lane.post(never.wait))
    with pytest.raises(LaneFull):
        lane.post(never.wait)
    first.cancel()
    gone = False
    async with asyncio.timeout(20):
        while not gone:
            try:
                lane.post(never.wait)
                gone = True
            except LaneFull:
                await asyncio.sleep(0)
    await ended(lane)


async def test_what_nobody_waits_for_is_begun_together() -> None:
    """It is done soon, or at the end at the latest, plain or waited for; there is room for two."""
    lane = Lane(most=2)
    done: list[int] = []

    async def work(number: int) -> None:
        done.append(number)

    lane.post_soon(partial(work, 1))
    lane.post_soon(lambda: done.append(2))
    with pytest.raises(LaneFull):
        lane.post_soon(partial(work, 3))
    await ended(lane)
    assert sorted(done) == [1, 2]


async def test_at_the_end_what_is_under_way_may_end() -> None:
    """Closing waits for what ends by itself, and gives up what does not."""
    lane = Lane(farewell=0.05)
    quick = lane.post(lambda: asyncio.sleep(0, "done"))
    never = lane.post(asyncio.Event().wait)
    await ended(lane)
    assert quick.result(timeout=0) == "done"
    with pytest.raises(TimeoutError):
        never.result(timeout=0)


async def test_an_endless_loop_does_not_hold_the_end_up() -> None:
    """Code that never lets go is left behind; the process can end without it."""
    lane = Lane(farewell=0.01)
    go = threading.Event()

    async def spin() -> None:
        go.wait(60)

    lane.post(spin)
    async with asyncio.timeout(20):
        await lane.aclose()
    go.set()
    await asyncio.to_thread(lane._thread.join, 20)  # noqa: SLF001 - as above
