"""Fixtures: an emulator and a gateway of groups, shared by the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.live import serving
from tests.live.conftest import StartGateway, emulating
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.groups.models import EMULATOR, black_hole, gateway_of_groups


@pytest.fixture(scope="session")
def traffic_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """The emulator behind the groups."""
    with emulating(tmp_path_factory.mktemp("traffic"), EMULATOR) as emulated:
        yield emulated


@pytest.fixture(scope="session")
def groups_gateway(start: StartGateway, traffic_emulator: Emulated) -> Iterator[Gateway]:
    """The gateway of groups; each test has models, and so deployments, of its own."""
    with black_hole() as hole:
        text = serving.written(gateway_of_groups(traffic_emulator.url, hole))
        with start(text) as gateway:
            yield gateway


@pytest.fixture
def emulated(traffic_emulator: Emulated) -> Emulated:
    """The emulator without faults and with an empty journal."""
    traffic_emulator.forget()
    return traffic_emulator


@pytest.fixture
def gateway(groups_gateway: Gateway, emulated: Emulated) -> Gateway:
    """The gateway of groups, in front of an emulator without faults."""
    del emulated
    return groups_gateway
