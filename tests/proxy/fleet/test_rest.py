"""Rests that one gateway finds out and others keep."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.errors import (
    DeadlineExceeded,
    EndpointNotFound,
    GatewayError,
    ModelError,
    Throttled,
    UpstreamError,
)
from proxy.fleet.fact import Fact
from tests.proxy.fleet.replicas import DELAY, REST, connected, replica
from tests.proxy.routing.sleepy import Sleepy, ask
from tests.virtual_time import run


def throttled() -> Throttled:
    return Throttled("Slowly.", request_id="r")


def test_one_discovery_spares_the_others() -> None:
    """Nobody else asks the deployment that rests, and all try it again after the rest."""

    async def main() -> None:
        bad, good = Sleepy(errors=[throttled() for _ in range(100)]), Sleepy(answer_seconds=0.1)
        replicas = connected(10, [bad, good])
        while len(bad.errors) == 100:
            await ask(replicas[0].served)
        await asyncio.sleep(DELAY)
        states = [each.members[0].live.health.state for each in replicas]
        assert states == ["resting"] * 10
        for each in replicas[1:]:
            await ask(each.served)
        assert len(bad.errors) == 99
        await asyncio.sleep(1.5 * REST)
        assert [each.members[0].live.health.state for each in replicas] == ["on_trial"] * 10

    run(main)


def test_a_failed_trial_spares_the_others_too() -> None:
    """Of ten gateways under load far fewer than ten try a deployment after each rest."""

    async def main() -> None:
        bad, good = Sleepy(errors=[throttled() for _ in range(1000)]), Sleepy(answer_seconds=0.01)
        replicas = connected(10, [bad, good])
        for _ in range(600):
            await asyncio.gather(*(ask(each.served) for each in replicas))
            await asyncio.sleep(0.1)
        rests = 60 / REST
        assert 1000 - len(bad.errors) < 10 + 2.5 * rests

    run(main)


def test_a_lone_deployment_never_rests() -> None:
    """What others say of it changes nothing, however long they would have it rest."""
    here = run(lambda: _heard(endpoints=1, seconds=5))
    assert here == (False, "healthy", 0.0)


def test_a_rest_is_bounded() -> None:
    """Nobody can make a deployment rest for longer than it would here, and half as long again."""
    meant, state, left = run(lambda: _heard(endpoints=2, seconds=3000))
    assert (meant, state) == (True, "resting")
    assert REST < left <= 1.5 * REST


async def _heard(endpoints: int, seconds: float) -> tuple[bool, str, float]:
    here = replica([Sleepy() for _ in range(endpoints)])
    health = here.members[0].live.health
    told = Fact(kind="rest", of=here.members[0].live.known_as, seconds=seconds)
    with capture_logs() as logs:
        meant = here.hearsay.hear(told), here.hearsay.hear(told)
    assert here.wire.said == []
    assert [log["event"] for log in logs] == ["pool.cooldown_heard"] * meant[0]
    return meant[0], health.state, health.seconds_left


def test_what_nobody_here_knows_means_nothing() -> None:
    """A fact of another gateway's deployments and sites is ignored."""

    async def main() -> None:
        here = replica([Sleepy(), Sleepy()])
        for kind in ("rest", "cold", "warm"):
            assert not here.hearsay.hear(Fact(kind=kind, of="f" * 32, seconds=1))
        assert {each.live.health.state for each in here.members} == {"healthy"}
        assert len(here.hearsay.names()) == 4

    run(main)


@pytest.mark.parametrize(
    ("error", "shared"),
    [
        (throttled(), True),
        (ModelError("x", status=500, request_id="r"), True),
        (UpstreamError("x", request_id="r"), True),
        (UpstreamError("no connection"), False),
        (DeadlineExceeded.after(1), False),
        (UpstreamError("refused", should_retry=False, request_id="r"), False),
        (EndpointNotFound("x", request_id="r"), False),
    ],
)
def test_only_answers_are_told(error: GatewayError, shared: bool) -> None:
    """A gateway that can't reach AWS, or that AWS refuses, makes nobody else's deployments rest."""

    async def main() -> None:
        here = replica([Sleepy(), Sleepy()])
        here.live.news.rests(here.members[0].live, error)
        assert bool(here.wire.said) is shared

    run(main)


def test_the_nameless_are_not_told_of() -> None:
    """What has no name among gateways is nobody else's business."""

    async def main() -> None:
        here = replica([Sleepy(), Sleepy()])
        here.members[0].live.known_as = ""
        here.live.news.rests(here.members[0].live, throttled())
        assert here.wire.said == []

    run(main)
