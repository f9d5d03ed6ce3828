"""Deployments that take calls and say nothing: who is caught, and who is not."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

import orjson
import pytest

from adapters import formats
from adapters.base import Head, Limits, Payload, Reply, Target
from adapters.endpoint import Endpoint
from adapters.errors import DeadlineExceeded, GatewayError
from proxy.routing.balance import STRATEGIES, least_busy
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.live import LiveDeployment
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.permits import AdmissionPolicy
from proxy.routing.pool import Pool
from proxy.routing.silence import Silence, Usual
from proxy.routing.times import Times
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedStream
from tests.proxy.routing.groups import ASK, LAST, TOKEN, Clock, broken, model, new_call
from tests.virtual_time import clock, run

USUAL = 0.05
FIRST_BYTE = 2.0
FOREVER = 3600.0
#: How long clients ask: two rests.
SECONDS = 11.0


@dataclass
class Container:
    """Answers after so many seconds; `seconds` may change, also for calls under way."""

    seconds: float = USUAL
    error: GatewayError | None = None
    began: list[float] = field(default_factory=list)

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        del target, payload
        await self._answer(limits)
        return Reply(head=Head(), body=orjson.dumps([{"generated_text": "x"}]))

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> ScriptedStream:
        del target, payload
        await self._answer(limits)
        return ScriptedStream([TOKEN, LAST])

    async def _answer(self, limits: Limits) -> None:
        self.began.append(clock())
        try:
            async with asyncio.timeout(limits.first_byte):
                await asyncio.sleep(self.seconds)
        except TimeoutError as error:
            raise DeadlineExceeded.after(limits.first_byte) from error
        if self.error is not None:
            raise broken(code="x")


def deployed(name: str, container: Container, **more: object) -> Member:
    endpoint = Endpoint(
        id=name, target=make_target(), format=formats.load("huggingface"), invoker=container
    )
    times = Times(total=60, first_byte=FIRST_BYTE)
    settings = {"times": times, "live": LiveDeployment(clock), **more}
    return Member(endpoint=endpoint, **settings)  # type: ignore[arg-type]  # passed through


async def ask(served: PublicModel, *, stream: bool = False) -> float:
    """Ask once; give the seconds that it took."""
    began = clock()
    if stream:
        answer = await served.stream(new_call(stream=True), ASK)
        async for _ in answer:
            pass
        await answer.aclose()
    else:
        await served.call(new_call(), ASK)
    return clock() - began


async def insist(served: PublicModel, seconds: float, *, stream: bool) -> list[tuple[float, float]]:
    """Ten clients ask again and again; give when each request came, and what it took."""
    begun, took = clock(), []

    async def client() -> None:
        while (now := clock() - begun) < seconds:
            took.append((now, await ask(served, stream=stream)))

    await asyncio.gather(*(client() for _ in range(10)))
    return took


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_a_black_hole_among_three(strategy: str, stream: bool) -> None:
    """It keeps who came before it was known, and then one request for each rest (case G8)."""

    async def main() -> list[tuple[float, float]]:
        containers = [Container(FOREVER), Container(), Container()]
        members = [deployed(name, each) for name, each in zip("abc", containers, strict=True)]
        served = model(Pool(model="m", members=tuple(members), strategy=STRATEGIES[strategy]))
        return await insist(served, SECONDS, stream=stream)

    took = run(main)
    hurt = [begun for begun, seconds in took if seconds > 2 * USUAL]
    assert 1 <= len(hurt) <= 10 + SECONDS / 5  # each client once, and one for each rest
    late = sorted(begun for begun in hurt if begun > 4 * USUAL)
    assert all(later - sooner > 4 for sooner, later in itertools.pairwise(late))
    assert sorted(seconds for _, seconds in took)[int(len(took) * 0.99)] < 2 * USUAL


@dataclass
class Scene:
    """Two deployments with a past; the first one has fallen silent."""

    quiet: Container = field(default_factory=Container)
    other: Container = field(default_factory=Container)
    pace: float = 5.0
    caught: list[asyncio.Task[float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        cooldown = CooldownPolicy(seconds=self.pace)
        self.members = (
            deployed("quiet", self.quiet, order=0, cooldown=cooldown),
            deployed("other", self.other, order=1),
        )
        self.served = model(Pool(model="m", members=self.members))

    async def __aenter__(self) -> Self:
        for stream in (False, False, True):
            await ask(self.served, stream=stream)
        self.quiet.seconds = FOREVER
        self.caught = [asyncio.ensure_future(ask(self.served)) for _ in range(2)]
        await asyncio.sleep(1)
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self.caught:
            each.cancel()
        await asyncio.gather(*self.caught, return_exceptions=True)

    async def asked(self) -> str:
        """Ask once more; tell who was asked."""
        before = len(self.quiet.began)
        await ask(self.served)
        return "quiet" if len(self.quiet.began) > before else "other"


def in_scene(play: Callable[[Scene], Awaitable[None]], scene: Callable[[], Scene] = Scene) -> None:
    async def main() -> None:
        async with scene() as set_up:
            await play(set_up)

    run(main)


def test_one_that_says_nothing_is_passed_over() -> None:
    """Even by requests that would ask it first by its order, and for calls of the other kind."""

    async def play(scene: Scene) -> None:
        assert await scene.asked() == "other"
        assert await ask(scene.served, stream=True) == pytest.approx(USUAL)

    in_scene(play)


def test_one_word_ends_the_suspicion() -> None:
    """A long answer that came, or an error of the container's own, and all goes as before."""

    async def play(scene: Scene) -> None:
        scene.quiet.seconds, scene.quiet.error = USUAL, broken()
        await asyncio.sleep(6)  # those who were caught have gone on, and its next trial is due
        assert await scene.asked() == "quiet"
        scene.quiet.error = None
        assert [await scene.asked() for _ in range(3)] == ["quiet"] * 3

    in_scene(play)


def test_one_request_at_a_time_tries_it_again() -> None:
    """At the pace of rests: others never wait for it, though its calls have all failed."""

    async def play(scene: Scene) -> None:
        await asyncio.gather(*scene.caught)
        assert await scene.asked() == "other"
        await asyncio.sleep(6)
        await asyncio.gather(*(ask(scene.served) for _ in range(8)))
        assert len(scene.quiet.began) == 3 + 2 + 1

    in_scene(play)


def test_where_nobody_rests_the_next_call_is_the_trial() -> None:
    """With `disable_cooldowns` a silent deployment is asked as soon as none of its calls waits."""

    async def play(scene: Scene) -> None:
        for member in scene.members:
            assert await scene.asked() == "other", member
        await asyncio.gather(*scene.caught)
        scene.quiet.seconds = USUAL
        assert await scene.asked() == "quiet"

    in_scene(play, lambda: Scene(pace=0.0))


def test_who_is_alone_is_never_passed_over() -> None:
    """Nor is anybody while all are silent."""

    async def play(scene: Scene) -> None:
        scene.other.seconds = FOREVER
        waiting = [asyncio.ensure_future(ask(scene.served)) for _ in range(2)]
        await asyncio.sleep(1)
        before = len(scene.quiet.began)
        scene.quiet.seconds = USUAL
        assert await ask(scene.served) == pytest.approx(USUAL)
        assert len(scene.quiet.began) == before + 1
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    in_scene(play)


def test_a_silent_one_is_better_than_none() -> None:
    """Where the others would refuse a request, it is asked all the same."""

    async def main() -> None:
        full = AdmissionPolicy(limit=1, queue=0)
        quiet, other = Container(), Container()
        members = (
            deployed("quiet", quiet, order=0),
            deployed("other", other, order=1, admission=full),
        )
        served = model(Pool(model="m", members=members, strategy=least_busy))
        await ask(served)
        quiet.seconds = other.seconds = 1.0
        tasks = []
        for _ in range(3):
            tasks.append(asyncio.ensure_future(ask(served)))
            await asyncio.sleep(0.4)
        assert (len(quiet.began), len(other.began)) == (1 + 2, 1)
        await asyncio.gather(*tasks)

    run(main)


def test_where_nobody_knows_what_is_usual_nobody_is_suspected() -> None:
    """At the start every answer may take long."""

    async def main() -> None:
        containers = [Container(1.5), Container(1.5)]
        members = tuple(deployed(n, c) for n, c in zip("ab", containers, strict=True))
        served = model(Pool(model="m", members=members, strategy=least_busy))
        tasks = []
        for _ in range(6):
            tasks.append(asyncio.ensure_future(ask(served)))
            await asyncio.sleep(0.2)
        assert [len(each.began) for each in containers] == [3, 3]
        await asyncio.gather(*tasks)

    run(main)


def test_what_is_usual_is_its_own_or_its_groups() -> None:
    """The longer of the two: neither a far region nor one quick answer is a reason to worry."""
    time = Clock()
    far, near, new = (Silence(time) for _ in range(3))
    for each, seconds in ((far, 1.0), (near, 0.1)):
        each.begin()
        each.answered(seconds)
    for each in (far, new):
        each.begin()
    time.now += 1.5
    group = (far, near, near, new)
    assert (far.lasts(Usual(group), 5), new.lasts(Usual(group), 5)) == (False, True)
    time.now += 1.0
    assert far.lasts(Usual(group), 5)
    far.heard()
    assert not far.lasts(Usual(group), 5)


def test_a_call_that_was_never_made_says_nothing() -> None:
    """A client's own fault, or a full queue: nobody was asked, so nobody was silent."""
    time = Clock()
    one, other = Silence(time), Silence(time)
    other.begin()
    other.answered(0.1)
    one.begin()
    one.end(asked=False)
    time.now += 1
    assert not one.lasts(Usual((one, other)), 5)
    one.begin()
    one.end()
    time.now += 1
    assert one.lasts(Usual((one, other)), 5)
    time.now += 5
    assert not one.lasts(Usual((one, other)), 5)


def test_a_group_is_looked_through_only_if_need_be() -> None:
    """As long as nobody waits for long it does not matter how many others there are."""
    time = Clock()
    group = iter([Silence(time), Silence(time)])
    one, usual = Silence(time), Usual(group)
    assert not one.lasts(usual, 5)
    one.begin()
    assert not one.lasts(usual, 5)
    assert len(list(group)) == 2
