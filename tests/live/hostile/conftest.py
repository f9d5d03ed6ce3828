"""A gateway with short times and a small cap, before an emulator that can flood it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import serving
from tests.live.conftest import StartGateway, emulating
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway

#: More than all buffers between a container and a client that does not read.
FLOOD = "word " * 60_000
CONNECTIONS = 40


@pytest.fixture(scope="module")
def flooding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """An emulator with an endless talker."""
    endpoints = {"chat": {"kind": "messages"}, "flood": {"kind": "messages", "reply": FLOOD}}
    configuration = {**serving.EMULATOR, "endpoints": endpoints}
    with emulating(tmp_path_factory.mktemp("flooding"), configuration) as emulated:
        yield emulated


@pytest.fixture(scope="module")
def strict(start: StartGateway, flooding: Emulated) -> Iterator[Gateway]:
    """A gateway that is quickly done with slow clients."""
    configuration = {
        "model_list": [
            serving.model(name, f"sagemaker_chat/{name}", timeout=60) for name in ("chat", "flood")
        ],
        "router_settings": serving.router(flooding.url),
        "general_settings": {
            "max_request_size_mb": 1,
            "max_json_items": 1000,
            "max_json_keys": 500,
        },
    }
    times = ("--headers_timeout", "3", "--body_timeout", "3", "--write_timeout", "5")
    cap = ("--limit_concurrency", str(CONNECTIONS))
    with start(serving.written(configuration), *times, *cap) as gateway:
        yield gateway
