"""Every implementation of the transport, on every event loop that sagegate runs on."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.transport import KEEP_ALIVE, Client
from tests.adapters.sagemaker.authority import Authority, make_authority
from tests.adapters.sagemaker.transport.contract import CLIENTS, NewClient

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, LoopFactory]:
    """Run each test on both."""
    del config, item
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=sorted(CLIENTS))
async def new_client(request: pytest.FixtureRequest) -> AsyncIterator[NewClient]:
    """Make clients of one implementation; all are closed at the end."""
    made: list[Client] = []

    def new(
        *,
        connections_per_host: int = 0,
        tls: ssl.SSLContext | None = None,
        keep_alive: float = KEEP_ALIVE,
    ) -> Client:
        made.append(
            CLIENTS[request.param](
                connections_per_host=connections_per_host, tls=tls, keep_alive=keep_alive
            )
        )
        return made[-1]

    yield new
    for client in made:
        await client.aclose()


@pytest.fixture
def client(new_client: NewClient) -> Client:
    """A client as the gateway has it."""
    return new_client()


@pytest.fixture
async def direct() -> AsyncIterator[DirectClient]:
    """Our own client, for what only it can do."""
    client = DirectClient()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody's system trusts, with a certificate for `localhost`."""
    return make_authority(tmp_path_factory.mktemp("authority"), "localhost")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one, with a certificate for another host."""
    return make_authority(Path(tmp_path_factory.mktemp("stranger")), "other.example")
