"""Fixtures: one emulator process and a few gateways, shared by all tests of the session."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import ACCOUNT
from tests.live.processes import clean_environment, running

#: Starts a gateway from the text of a configuration file, with variables of its environment.
StartGateway = Callable[..., AbstractContextManager[Gateway]]


@pytest.fixture(scope="session", autouse=True)
def own_environment() -> Iterator[None]:
    """Clients in this process see neither a developer's keys nor a proxy."""
    wanted = clean_environment()
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(wanted):
            patch.delenv(name)
        yield


@contextmanager
def emulating(folder: Path, configuration: serving.Yaml, port: int = 0) -> Iterator[Emulated]:
    """An emulator, started as users start it; on any free port, unless told otherwise."""
    path = folder / "emulator.yaml"
    path.write_text(serving.written(configuration), encoding="utf-8")
    arguments = ["-m", "emulator", "--port", str(port), "--config", str(path)]
    with running(arguments, clean_environment()) as process:
        emulated = Emulated(process.address())
        emulated.counts()
        yield emulated
        emulated.close()


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """The emulator that most tests share."""
    with emulating(tmp_path_factory.mktemp("emulator"), serving.EMULATOR) as emulated:
        yield emulated


@pytest.fixture
def emulated(emulator_process: Emulated) -> Emulated:
    """The emulator without faults and with an empty journal."""
    emulator_process.forget()
    return emulator_process


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> StartGateway:
    """Starts a gateway as users start it; ends it with SIGTERM, which must give code 0.

    Whatever it was asked and whatever AWS said, no account's number may be in its log.
    """
    folder = tmp_path_factory.mktemp("gateways")

    @contextmanager
    def start_gateway(configuration: str, *flags: str, **variables: str) -> Iterator[Gateway]:
        path = write(folder, configuration)
        arguments = ["-m", "proxy", "--config", str(path), "--port", "0", *flags]
        with running(arguments, clean_environment(**variables)) as process:
            gateway = Gateway(process)
            gateway.wait_until_ready()
            yield gateway
            gateway.close()
        assert ACCOUNT not in process.out + process.err, "the log tells an account's number"

    return start_gateway


def write(folder: Path, configuration: str) -> Path:
    """Writes a configuration into a file of its own."""
    path = folder / f"config-{len(list(folder.iterdir()))}.yaml"
    path.write_text(configuration, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def open_gateway(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """The gateway without a key."""
    with start(serving.written(serving.open_gateway(emulator_process.url))) as gateway:
        yield gateway


@pytest.fixture
def gateway(open_gateway: Gateway, emulated: Emulated) -> Gateway:
    """The gateway without a key, in front of an emulator without faults."""
    del emulated
    return open_gateway


@pytest.fixture(scope="session")
def locked(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """The gateway with a master key."""
    configuration = serving.written(serving.locked_gateway(emulator_process.url))
    with start(configuration, "--host", "127.0.0.1", "--detailed_debug") as gateway:
        yield gateway
