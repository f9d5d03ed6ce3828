"""Fixtures: an emulator of its own, and gateways in which everything secret is planted."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live import serving
from tests.live.conftest import emulating
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.hygiene import planted
from tests.live.leaks import (
    ACCOUNT,
    MASTER_KEY,
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
)
from tests.live.lifecycle.stage import File

#: Nobody listens there.
CLOSED = "http://127.0.0.1:9"
ENDPOINTS = {
    "chat": {"kind": "messages", "reply": planted.ANSWER * 3},
    "tgi": {"kind": "tgi", "reply": planted.ANSWER * 3},
    "embed": {"kind": "embeddings"},
    "ranks": {"kind": "rerank"},
}
VARIABLES = {
    "LITELLM_MASTER_KEY": MASTER_KEY,
    "AWS_BEARER_TOKEN_BEDROCK": planted.BEARER,
    "AWS_ACCESS_KEY_ID": "AKIAPLANTEDAMBIENT00",
    "AWS_SECRET_ACCESS_KEY": planted.AMBIENT_SECRET,
    "PLANTED_STATIC_KEY": planted.STATIC_KEY,
    "PLANTED_REDIS_PASSWORD": planted.REDIS_PASSWORD,
}

Plant = Callable[..., AbstractContextManager[tuple[Gateway, File]]]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """An emulator whose containers answer with a text of ours."""
    configuration = {**serving.EMULATOR, "account": ACCOUNT, "endpoints": ENDPOINTS}
    with emulating(tmp_path_factory.mktemp("emulator"), configuration) as emulated:
        yield emulated


def models() -> list[serving.Yaml]:
    """Every kind of identity: keys, temporary keys, the environment's, a role out of reach."""
    temporary = {
        "aws_access_key_id": TEMPORARY_KEY,
        "aws_secret_access_key": TEMPORARY_SECRET,
        "aws_session_token": TEMPORARY_TOKEN,
    }
    role = {
        "aws_role_name": planted.ROLE,
        "aws_external_id": planted.EXTERNAL_ID,
        "aws_session_name": "planted",
        "aws_sts_endpoint": CLOSED,
    }
    return [
        serving.model("chat", "sagemaker_chat/chat"),
        serving.model("tgi", "sagemaker/tgi", **temporary),
        serving.model("embed", "sagemaker/embed"),
        serving.model("ranks", "sagemaker/ranks"),
        serving.model("native", "sagemaker_chat/chat", transport="openai_path"),
        serving.model("role", "sagemaker_chat/chat", **role),
        serving.model("closed", "sagemaker_chat/chat", sagemaker_base_url=CLOSED),
        serving.model("missing", "sagemaker_chat/missing"),
    ]


def sections(database: Path) -> dict[str, Any]:
    """All other places for secrets: Redis (which is away), keys, exported variables."""
    return {
        "general_settings": {"master_key": MASTER_KEY, "database_url": f"sqlite:///{database}"},
        "keys": [{"key": "os.environ/PLANTED_STATIC_KEY", "alias": "team", "rpm": 100_000}],
        "environment_variables": {"PLANTED_EXPORT": planted.EXPORTED},
        "litellm_settings": {
            "cache": True,
            "cache_params": {
                "type": "redis",
                "host": "127.0.0.1",
                "port": 9,
                "password": planted.CACHE_PASSWORD,
            },
        },
    }


@pytest.fixture
def plant(emulator: Emulated, tmp_path: Path) -> Plant:
    """Starts a gateway, full of secrets; its file may be changed while it runs."""
    emulator.forget()

    @contextmanager
    def planting(*flags: str) -> Iterator[tuple[Gateway, File]]:
        file = File(tmp_path / "config.yaml", emulator.url)
        file.write(*models(), router_settings=router(emulator.url), **sections(tmp_path / "k.db"))
        with file.served(*flags, **VARIABLES) as gateway:
            yield gateway, file

    return planting


def router(emulator: str) -> dict[str, Any]:
    """The router's settings: one try each, limits in Redis by a URL with its password."""
    return {
        **serving.router(emulator),
        "redis_host": "127.0.0.1",
        "redis_port": 9,
        "redis_password": "os.environ/PLANTED_REDIS_PASSWORD",
    }
