"""Fixtures: the compatibility tests' own emulator and gateways, one of each for all tests."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.compat import scripted_container, serving
from tests.live.conftest import StartGateway, emulated, emulating, own_environment, start
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import MASTER_KEY
from tests.live.processes import PATIENCE, ROOT, clean_environment
from tests.live.serving import written

#: What the live tests have already.
__all__ = ["emulated", "own_environment", "start"]

#: Checks a configuration's text, as users do; gives the exit code and what was said.
Validate = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """The emulator, with a container of our own behind one endpoint."""
    with (
        scripted_container.listening() as container,
        emulating(tmp_path_factory.mktemp("compat"), serving.emulator(container)) as process,
    ):
        yield process


@pytest.fixture(scope="session")
def open_gateway(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """The gateway without a key."""
    with start(written(serving.gateway(emulator_process.url))) as gateway:
        yield gateway


@pytest.fixture
def gateway(open_gateway: Gateway, emulated: Emulated) -> Iterator[Gateway]:
    """The gateway; afterwards no body that arrived may hold a secret or a setting."""
    yield open_gateway
    emulated.requests()


@pytest.fixture(scope="session")
def hub() -> Iterator[socket.socket]:
    """A socket where a model hub, or a proxy towards one, would be: nobody may ever knock."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield listener


@pytest.fixture(scope="session")
def ambient_gateway(
    start: StartGateway, emulator_process: Emulated, hub: socket.socket
) -> Iterator[Gateway]:
    """A gateway with a master key, in an environment that lies about identities."""
    nowhere = f"http://127.0.0.1:{hub.getsockname()[1]}"
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"), nowhere)
    with start(
        written(serving.ambient(emulator_process.url)),
        "--host",
        "127.0.0.1",
        AWS_SESSION_TOKEN="ambient-token-of-somebody-else",
        AWS_BEARER_TOKEN_BEDROCK="bedrock-token",
        AWS_DEFAULT_REGION=serving.OTHER_REGION,
        HF_ENDPOINT=nowhere,
        **proxies,
    ) as gateway:
        gateway.http.headers["authorization"] = f"Bearer {MASTER_KEY}"
        yield gateway


@pytest.fixture
def ambient(ambient_gateway: Gateway, emulated: Emulated) -> Gateway:
    """That gateway in front of an emulator with an empty journal."""
    del emulated
    return ambient_gateway


@pytest.fixture
def validate(tmp_path: Path) -> Validate:
    """Checks configurations with the command that users have for it."""

    def check(configuration: str) -> tuple[int, str]:
        path = tmp_path / "config.yaml"
        path.write_text(configuration, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "proxy", "--config", str(path), "--validate_config"],
            cwd=ROOT,
            env=clean_environment(AWS_ACCESS_KEY_ID="AKIDAMBIENT", AWS_SECRET_ACCESS_KEY="s"),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return check
