"""Fixtures: a gateway process with keys of the configuration and of a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.keys.counter import Counter, general
from tests.live.lifecycle.stage import File

STATIC = "sk-static-key-of-team-s"


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, emulator_process: Emulated
) -> Iterator[Gateway]:
    """One gateway with two priced models, a static key, and a SQLite file."""
    folder = tmp_path_factory.mktemp("keys")
    file = File(folder / "config.yaml", emulator_process.url)
    file.write(
        serving.model("chat", "sagemaker_chat/chat", input_cost_per_token=0.5),
        serving.model("other", "sagemaker_chat/chat"),
        keys=[{"key": "os.environ/TEAM_S", "alias": "team-s", "models": ["chat"]}],
        general_settings=general(f"sqlite:///{folder / 'keys.db'}"),
    )
    with file.served("--detailed_debug", TEAM_S=STATIC) as served:
        yield served


@pytest.fixture
def counter(gateway: Gateway) -> Counter:
    """The administrator's counter of that gateway."""
    return Counter(gateway)


@pytest.fixture
def file(tmp_path: Path, emulated: Emulated) -> File:
    """A file of the test's own, with a database beside it."""
    file = File(tmp_path / "config.yaml", emulated.url)
    file.write(
        serving.model("chat", "sagemaker_chat/chat", input_cost_per_token=0.5),
        general_settings=general(f"sqlite:///{tmp_path / 'keys.db'}"),
    )
    return file
