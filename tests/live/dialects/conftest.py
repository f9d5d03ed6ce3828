"""Fixtures: an emulator and a gateway of the dialects' own, in the places of the shared ones."""

from collections.abc import Iterator

import openai
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway, emulating
from tests.live.dialects import deployments
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """An emulator with every kind of container."""
    folder = tmp_path_factory.mktemp("dialects")
    with emulating(folder, deployments.EMULATOR) as emulated:
        yield emulated


@pytest.fixture(scope="session")
def open_gateway(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """A gateway with a model for every kind of container."""
    with start(serving.written(deployments.gateway(emulator_process.url))) as gateway:
        yield gateway


@pytest.fixture
def gateway(open_gateway: Gateway, emulated: Emulated) -> Iterator[Gateway]:
    """The gateway; afterwards no body that arrived may hold a secret or a setting."""
    yield open_gateway
    emulated.requests()


@pytest.fixture(scope="session")
def client(open_gateway: Gateway) -> Iterator[openai.OpenAI]:
    """The official client; it does not retry."""
    url = f"{open_gateway.url}/v1"
    with openai.OpenAI(api_key="x", base_url=url, max_retries=0) as client:
        yield client


@pytest.fixture
def sdk(client: openai.OpenAI, gateway: Gateway) -> openai.OpenAI:
    """The official client, in front of an emulator with an empty journal."""
    del gateway
    return client
