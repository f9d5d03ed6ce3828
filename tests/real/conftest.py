"""Fixtures: container, emulator and gateway as processes, and OpenAI's client in front of them."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
import yaml
from openai import OpenAI

from emulator.settings import ACCESS_KEY, SECRET_KEY
from tests.real.container import PACKAGES
from tests.real.processes import running

_ADDRESS = ("--host", "127.0.0.1", "--port", "0")
_KEY = "sk-a-key-for-real-text"


def _configuration(emulator: str) -> str:
    deployment = {
        "model": "sagemaker_chat/gemma",
        "sagemaker_base_url": emulator,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region_name": "us-east-1",
    }
    models = [
        {"model_name": "gemma", "litellm_params": deployment},
        {"model_name": "gemma-cut", "litellm_params": {**deployment, "stream_mode": "fake"}},
    ]
    return yaml.safe_dump({"model_list": models, "general_settings": {"master_key": _KEY}})


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The emulator's address; behind it a real model answers."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: pip install --group real, or make test-real")
    with (
        running("tests.real.container") as container,
        running("emulator", *_ADDRESS, "--container", container) as emulator,
    ):
        yield emulator


@pytest.fixture(scope="session")
def client(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    """OpenAI's client, which does not try twice, pointed at the gateway's process."""
    config: Path = tmp_path_factory.mktemp("real") / "config.yaml"
    config.write_text(_configuration(emulator), encoding="utf-8")
    with (
        running("proxy", "--config", str(config), *_ADDRESS) as gateway,
        OpenAI(base_url=f"{gateway}/v1", api_key=_KEY, max_retries=0, timeout=60) as client,
    ):
        yield client


@pytest.fixture
def until_cut(emulator: str) -> Iterator[Callable[[], None]]:
    """Waits until the gateway has given up a call since the test began; raises if it does not."""
    with httpx.Client(base_url=emulator, trust_env=False, timeout=30) as control:
        control.delete("/_emulator/requests").raise_for_status()

        def wait() -> None:
            control.get("/_emulator/open?cut=1&open=0").raise_for_status()

        yield wait
