"""Fixtures: three replicas, a Redis, a PostgreSQL and an emulator, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.live.conftest import emulating
from tests.live.emulated import Emulated
from tests.live.fleet.stage import EMULATOR, Replica, configuration, replicas
from tests.live.keys.counter import Counter
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer, serve_redis


@pytest.fixture(scope="package")
def fleet_redis() -> Iterator[RedisServer]:
    """A Redis that tests take away for a while."""
    with serve_redis() as server:
        yield server


@pytest.fixture(scope="package")
def fleet_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """The emulator behind the fleet."""
    with emulating(tmp_path_factory.mktemp("fleet-emulator"), EMULATOR) as emulated:
        yield emulated


@pytest.fixture(scope="package")
def whole_fleet(
    tmp_path_factory: pytest.TempPathFactory,
    fleet_emulator: Emulated,
    fleet_redis: RedisServer,
    postgres_server: PostgresServer,
) -> Iterator[list[Replica]]:
    """Three replicas."""
    path = tmp_path_factory.mktemp("fleet") / "config.yaml"
    text = configuration(fleet_emulator.url, fleet_redis.url, postgres_server.url)
    path.write_text(text, encoding="utf-8")
    with replicas(3, path) as started:
        yield started


@pytest.fixture
def emulated(fleet_emulator: Emulated) -> Emulated:
    """The emulator without faults and with an empty journal."""
    fleet_emulator.forget()
    return fleet_emulator


@pytest.fixture
def fleet(whole_fleet: list[Replica], emulated: Emulated) -> list[Replica]:
    """The replicas, in front of an emulator without faults."""
    del emulated
    return whole_fleet


@pytest.fixture
def counter(fleet: list[Replica]) -> Counter:
    """The administrator's counter, at the first replica."""
    return Counter(fleet[0].gateway)
