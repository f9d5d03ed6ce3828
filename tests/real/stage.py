"""Emulator and gateway as processes, in front of containers; and OpenAI's client before them all.

Knows both configuration files; refuses to know what the containers answer.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from openai import OpenAI

from emulator.settings import ACCESS_KEY, SECRET_KEY
from tests.real.processes import running

_ADDRESS = ("--host", "127.0.0.1", "--port", "0")
_KEY = "sk-a-key-for-real-text"


@dataclass(frozen=True, slots=True)
class Stage:
    """What is served: the client asks the gateway, the emulator tells what arrived."""

    client: OpenAI
    emulator: httpx.Client


@contextmanager
def staged(
    folder: Path, containers: Mapping[str, str], models: Mapping[str, Mapping[str, Any]]
) -> Iterator[Stage]:
    """Serves models until the context is left.

    Args:
        folder: Where the configuration files go.
        containers: The endpoints' names, and their containers' URLs.
        models: The models' names, and their deployments; where and as whom they call is added.
    """
    endpoints = {name: {"kind": "container", "container": url} for name, url in containers.items()}
    emulated = _written(folder / "emulator.yaml", {"endpoints": endpoints})
    with running("emulator", "--config", emulated, *_ADDRESS) as emulator:
        config = _written(folder / "config.yaml", _configuration(emulator, models))
        with (
            running("proxy", "--config", config, *_ADDRESS) as gateway,
            OpenAI(base_url=f"{gateway}/v1", api_key=_KEY, max_retries=0, timeout=60) as client,
            httpx.Client(base_url=emulator, trust_env=False, timeout=30) as control,
        ):
            yield Stage(client, control)


def _configuration(emulator: str, models: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    aws = {
        "sagemaker_base_url": emulator,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region_name": "us-east-1",
    }
    listed = [
        {"model_name": name, "litellm_params": {**aws, **deployment}}
        for name, deployment in models.items()
    ]
    return {"model_list": listed, "general_settings": {"master_key": _KEY}}


def _written(file: Path, content: Mapping[str, Any]) -> str:
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(file)
