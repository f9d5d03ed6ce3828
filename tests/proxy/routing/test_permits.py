"""Permits are given in turn, and none is ever lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import Overloaded
from proxy.routing.permits import AdmissionPolicy, Permit, Permits, Place


def policy(**changes: Any) -> AdmissionPolicy:
    """Give a policy for one permit at a time, unless something else is said."""
    return AdmissionPolicy(**{"name": "The model 'm'", "limit": 1, **changes})


def place(lane: str = "", **changes: Any) -> Place:
    """Give a request's place."""
    return Place(policy=policy(**changes), lane=lane)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(6):
        await asyncio.sleep(0)


class Line:
    """Who waits for a permit, and who has got one, in order."""

    def __init__(self, permits: Permits) -> None:
        self._permits = permits
        self.served: list[str] = []
        self.out: list[Permit] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def join(self, name: str, at: Place) -> None:
        """Ask for a permit; returns once that waits or has it."""
        self.tasks[name] = asyncio.ensure_future(self._take(name, at))
        await settle()

    async def _take(self, name: str, at: Place) -> None:
        permit = await self._permits.acquire(at)
        self.served.append(name)
        self.out.append(permit)

    async def release(self) -> None:
        """Give the oldest permit back."""
        self.out.pop(0).release()
        await settle()


async def test_as_many_as_the_limit_says_go_at_once() -> None:
    """Nobody waits while there is a permit, and the next one does."""
    line = Line(Permits())
    for name in ("a", "b", "c"):
        await line.join(name, place(limit=2))
    assert line.served == ["a", "b"]
    await line.release()
    assert line.served == ["a", "b", "c"]


async def test_callers_take_turns() -> None:
    """A caller's thousand requests don't keep another's one waiting behind them."""
    line = Line(Permits())
    for name in ("a1", "a2", "a3", "a4", "b1"):
        await line.join(name, place(name[0]))
    for _ in range(4):
        await line.release()
    assert line.served == ["a1", "a2", "b1", "a3", "a4"]


async def test_a_new_limit_holds_for_those_who_wait() -> None:
    """A reload that gives more room lets those in at once who came under the old limit."""
    permits = Permits()
    line = Line(permits)
    for name in ("a", "b", "c", "d"):
        await line.join(name, place(limit=1))
    permits.hold_to(policy(limit=3))
    await settle()
    assert line.served == ["a", "b", "c"]
    permits.hold_to(policy(limit=1))
    await line.release()
    await line.join("e", place(limit=3))
    assert line.served == ["a", "b", "c"]
    permits.hold_to(None)
    await settle()
    assert line.served == ["a", "b", "c", "d", "e"]


async def test_nobody_jumps_the_line() -> None:
    """A permit that came back belongs to whoever waits, not to whoever comes just then."""
    permits = Permits()
    line = Line(permits)
    await line.join("first", place())
    await line.join("second", place())
    line.out.pop(0).release()
    await line.join("late", place())
    assert line.served == ["first", "second"]


async def test_a_full_queue_refuses_at_once() -> None:
    """One more than may wait is told so, with the time after which to come again."""
    permits = Permits()
    held = await permits.acquire(place(queue=0))
    with pytest.raises(Overloaded, match="is busy: as many requests wait") as refusal:
        await permits.acquire(place(queue=0))
    assert refusal.value.status == 503
    assert refusal.value.code == "queue_full"
    assert refusal.value.retry_after == 1
    held.release()


async def test_the_advice_when_to_come_again_follows_the_line() -> None:
    """It is the time in which the line moves on, by how long permits are held; at most a minute."""
    now = 0.0
    permits = Permits(lambda: now)
    first = await permits.acquire(place())
    now = 8.0
    first.release()
    held = await permits.acquire(place())
    with pytest.raises(Overloaded) as refusal:
        await permits.acquire(place(queue=0))
    assert refusal.value.retry_after == 8
    now = 1008.0
    held.release()
    await permits.acquire(place())
    with pytest.raises(Overloaded) as refusal:
        await permits.acquire(place(queue=0))
    assert refusal.value.retry_after == 60


async def test_whoever_waits_too_long_is_refused_and_leaves_the_line() -> None:
    """The wait has an end of its own; the place in the line is free afterwards."""
    permits = Permits()
    held = await permits.acquire(place())
    with pytest.raises(Overloaded, match=r"no place came free within 0\.01 s") as refusal:
        await permits.acquire(place(seconds=0.01))
    assert refusal.value.code == "queue_late"
    assert permits.waiting == 0
    held.release()
    assert permits.has_room(policy())


async def test_whoever_is_cancelled_leaves_the_line() -> None:
    """The permit goes to the next one."""
    permits = Permits()
    line = Line(permits)
    for name in ("a", "b", "c"):
        await line.join(name, place())
    line.tasks["b"].cancel()
    await settle()
    await line.release()
    assert line.served == ["a", "c"]


async def test_a_permit_that_meets_a_cancellation_is_passed_on() -> None:
    """Whoever is cancelled in the moment of getting a permit gives it to the next one."""
    permits = Permits()
    line = Line(permits)
    for name in ("a", "b", "c"):
        await line.join(name, place())
    line.out.pop(0).release()  # it is b's from now on, but b has not run yet
    line.tasks["b"].cancel()
    await settle()
    assert line.served == ["a", "c"]
    assert permits.held == 1


async def test_a_permit_comes_back_once() -> None:
    """Releasing it again changes nothing."""
    permits = Permits()
    permit = await permits.acquire(place())
    permit.release()
    permit.release()
    assert permits.held == 0


async def test_a_request_s_many_calls_take_one_place_in_the_queue() -> None:
    """A request for more choices than there are permits is not refused on an idle deployment."""
    permits = Permits()
    line = Line(permits)
    request = place(queue=1)
    for call in ("1", "2", "3", "4"):
        await line.join(call, request)
    assert permits.waiting == 0
    for _ in range(4):
        await line.release()
    assert line.served == ["1", "2", "3", "4"]


async def test_a_request_that_has_begun_is_not_given_up_for_waiting() -> None:
    """Its further calls wait as long as the request itself may take."""
    permits = Permits()
    line = Line(permits)
    request = place(seconds=0.01)
    await line.join("1", request)
    await line.join("2", request)
    with pytest.raises(Overloaded):
        await permits.acquire(place(seconds=0.02))
    await line.release()
    assert line.served == ["1", "2"]


async def test_a_call_whose_request_begins_meanwhile_waits_on() -> None:
    """The end of the wait is a request's, not each call's."""
    permits = Permits()
    line = Line(permits)
    held = await permits.acquire(place())
    request = place(seconds=0.02)
    await line.join("1", request)
    await line.join("2", request)
    assert permits.waiting == 1
    held.release()
    with pytest.raises(Overloaded):
        await permits.acquire(place(seconds=0.03))
    await line.release()
    assert line.served == ["1", "2"]


async def test_a_new_limit_holds_for_those_who_come_with_it() -> None:
    """After a reload requests go by the new configuration, and count what the old one let in."""
    permits = Permits()
    line = Line(permits)
    await line.join("old", place())
    for name in ("a", "b", "c"):
        await line.join(name, place(limit=3))
    assert line.served == ["old", "a", "b"]


async def test_an_adaptive_limit_is_the_lower_one() -> None:
    """After a refusal fewer permits are out than the configuration allows."""
    permits = Permits()
    adaptive = policy(limit=10, adaptive=True)
    out = [await permits.acquire(Place(policy=adaptive)) for _ in range(4)]
    assert permits.has_room(adaptive)
    permits.adaptive.refused(out[0].era, permits.held)
    out.pop().release()
    out.pop().release()
    assert not permits.has_room(adaptive)
    assert permits.has_room(policy(limit=10))
    out.pop().release()
    assert permits.has_room(adaptive)


def test_processes_share_the_limit() -> None:
    """Each has its part, rounded up: an endpoint gets at most one too many from each."""
    part = policy(limit=10, queue=5).shared(4)
    assert (part.limit, part.queue) == (3, 2)
    assert policy(limit=None).shared(4).limit is None


#: What may happen: a request of a caller comes, one leaves, a permit comes back, time passes.
STEPS = st.one_of(
    st.tuples(st.just("come"), st.integers(0, 2)),
    st.tuples(st.just("call"), st.integers(0, 30)),
    st.tuples(st.just("leave"), st.integers(0, 30)),
    st.tuples(st.just("release"), st.integers(0, 30)),
    st.tuples(st.just("pass"), st.just(0)),
)


class Crowd:
    """Random requests for permits, and what must be true whatever they do."""

    def __init__(self, limit: int, queue: int) -> None:
        self.policy = policy(limit=limit, queue=queue)
        self.permits = Permits()
        self.places: list[Place] = []
        self.asking: list[asyncio.Task[Permit]] = []

    async def step(self, what: str, which: int) -> None:
        """Do one thing; nobody runs on before the next `pass`."""
        if what == "come":
            self.places.append(Place(policy=self.policy, lane=str(which)))
            self._ask(self.places[-1])
        elif what == "call" and self.places:
            self._ask(self.places[which % len(self.places)])
        elif what == "leave" and self.asking:
            self.asking[which % len(self.asking)].cancel()
        elif what == "release":
            self._release(which)
        else:
            await settle()
            self.check()

    def _ask(self, at: Place) -> None:
        self.asking.append(asyncio.ensure_future(self.permits.acquire(at)))

    @property
    def out(self) -> list[Permit]:
        """The permits that somebody has."""
        return [
            task.result()
            for task in self.asking
            if task.done() and not task.cancelled() and task.exception() is None
        ]

    def _release(self, which: int) -> None:
        if self.out:
            self.out[which % len(self.out)].release()

    def check(self) -> None:
        """No more permits are out than there are, and nobody waits while there is one."""
        limit = self.policy.limit or 0
        waiting = [task for task in self.asking if not task.done()]
        assert 0 <= self.permits.held <= limit
        assert 0 <= self.permits.waiting <= self.policy.queue
        assert not waiting or self.permits.held == limit

    async def end(self) -> None:
        """Let everybody go; then every permit is there."""
        await settle()
        while not all(task.done() for task in self.asking):
            for permit in self.out:
                permit.release()
            await settle()
        for permit in self.out:
            permit.release()
        assert self.permits.held == 0
        assert self.permits.waiting == 0
        assert all(not each.waiting for each in self.places)
        assert self.permits.has_room(self.policy)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 3), st.integers(0, 4), st.lists(STEPS, max_size=60))
def test_no_permit_is_ever_lost(limit: int, queue: int, steps: list[tuple[str, int]]) -> None:
    """Whoever comes, leaves and gives back in whatever order, every permit is there at the end."""

    async def play() -> None:
        crowd = Crowd(limit, queue)
        for what, which in steps:
            await crowd.step(what, which)
        await crowd.end()

    asyncio.run(play())
