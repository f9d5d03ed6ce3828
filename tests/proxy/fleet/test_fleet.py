"""A process's place in its fleet, over configurations that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from redis.asyncio import Redis

from adapters.errors import Throttled
from proxy.fleet.board import PREFIX
from proxy.fleet.fleet import Fleet
from proxy.fleet.naming import name_of_deployment, name_of_site
from proxy.limits.ledgers import RedisSettings
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.live import LiveDeployment, LiveState
from proxy.routing.site import Site
from proxy.telemetry.metrics.reporter import Metrics
from tests.redis_server import RedisServer

THROTTLED = Throttled("Slowly.", request_id="r")


class Process:
    """What one gateway process knows."""

    def __init__(self, name: str) -> None:
        self.live, self.metrics = LiveState(), Metrics()
        self.fleet = Fleet(self.live, self.metrics)
        self.deployment = self.live.of(name)
        self.deployment.known_as = name_of_deployment(name, Site(endpoint=name))
        self.deployment.longest_rest = 5

    def count(self, outcome: str) -> float:
        """How many facts were told, heard or ignored."""
        labels = {"outcome": outcome}
        return self.metrics.registry.get_sample_value("sagegate_fleet_facts_total", labels) or 0

    @property
    def shares(self) -> bool:
        """Whether the metrics say that it shares."""
        return self.metrics.registry.get_sample_value("sagegate_fleet_processes") == 1


def rests(deployment: LiveDeployment) -> None:
    """Have a deployment rest, as a failed try would."""
    assert deployment.health.failed(THROTTLED, CooldownPolicy(seconds=5), alone=False)
    deployment.news.rests(deployment, THROTTLED)


async def until(reached: Callable[[], bool]) -> None:
    """Wait for what can only be looked at."""
    async with asyncio.timeout(20):
        while not reached():  # noqa: ASYNC110 - what is looked at sets no event
            await asyncio.sleep(0.01)


async def test_two_processes(redis_server: RedisServer) -> None:
    """What one finds out is true in the other, and in one that comes later; both are counted."""
    redis, name = RedisSettings(url=redis_server.url), "two-processes"
    one, other, late = Process(name), Process(name), Process(name)
    async with one.fleet.open(redis), other.fleet.open(redis):
        await until(lambda: one.shares and other.shares)
        rests(one.deployment)
        await until(lambda: other.deployment.health.resting)
        assert (one.count("told"), other.count("heard")) == (1, 1)
        async with late.fleet.open(redis):
            await until(lambda: late.deployment.health.resting)
    assert not one.shares
    async with Redis.from_url(redis_server.url) as client:
        assert await client.exists(f"{PREFIX}fact:{one.deployment.known_as}")


async def test_configurations_that_follow_one_another(redis_server: RedisServer) -> None:
    """They keep one place while any of them serves; without Redis there is none."""
    redis = RedisSettings(url=redis_server.url)
    here = Process("following")
    listeners = here.live.news.listeners
    async with here.fleet.open(None):
        assert listeners == []
        before = here.fleet.open(redis)
        await before.__aenter__()
        (place,) = listeners
        async with here.fleet.open(RedisSettings(url=redis.url, fail_open=False)):
            assert listeners == [place]
            await before.__aexit__(None, None, None)
            assert listeners == [place]
            await until(lambda: here.shares)
        assert listeners == []


async def test_redis_that_is_not_there() -> None:
    """A gateway serves all the same, and shares nothing."""
    here = Process("alone")
    async with here.fleet.open(RedisSettings(url="redis://127.0.0.1:9/0")):
        rests(here.deployment)
        assert here.deployment.health.resting
        assert not here.shares


def test_names_tell_apart_and_tell_nothing() -> None:
    """An id alone is no name: two gateways may mean different things by it."""
    site = Site(endpoint="e", region="r", targets=frozenset({("a", "1"), ("b", "2")}))
    same = Site(endpoint="e", region="r", targets=frozenset({("b", "2"), ("a", "1")}))
    other = Site(endpoint="e", region="s")
    assert name_of_site(site) == name_of_site(same)
    assert name_of_deployment("d", site) == name_of_deployment("d", same)
    names = {
        *(name_of_site(each) for each in (site, other)),
        *(name_of_deployment(name, each) for name in ("d", "f") for each in (site, other)),
    }
    assert len(names) == 6
    assert all(len(name) == 32 for name in names)
