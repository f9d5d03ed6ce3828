"""LiteLLM's proxy, from an environment of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.cells import ALL, Cell
from benchmarks.targets.target import (
    ACCESS_KEY,
    CALLER_KEY,
    REGION,
    SECRET_KEY,
    Ground,
    Start,
    Target,
    Upstream,
    speaking_openai,
    started,
)


def litellm(executable: Path) -> Start:
    """Give what starts it."""

    @contextmanager
    def start(ground: Ground) -> Iterator[Target]:
        config, port = ground.folder / "litellm.yaml", processes.free_port()
        config.write_text(json.dumps(_configuration(ground.upstream)))
        authority = ground.upstream.authority
        trust = {"SSL_CERT_FILE": str(authority)} if authority else {}
        running = processes.running(
            [str(executable), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)],
            log=ground.folder / "litellm.log",
            cores=ground.cores.gateway(),
            environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True", **trust},
            folder=ground.folder,
        )
        ask = speaking_openai("/v1/chat/completions", _model)
        with started("LiteLLM", ask, running, lambda _: port) as target:
            yield target

    return start


def _model(cell: Cell) -> str:
    """Give a model's name: its base URL is one operation's complete URL, so each has its own."""
    return f"{cell.endpoint}-stream" if cell.stream else cell.endpoint


def _configuration(upstream: Upstream) -> dict[str, object]:
    cells = {_model(cell): cell for cell in ALL}
    return {
        "model_list": [_deployment(name, cell, upstream) for name, cell in cells.items()],
        "litellm_settings": {"telemetry": False},
        "general_settings": {"master_key": CALLER_KEY},
    }


def _deployment(name: str, cell: Cell, upstream: Upstream) -> dict[str, object]:
    prefix = "sagemaker_chat" if cell.endpoint.startswith("chat") else "sagemaker"
    operation = "invocations-response-stream" if cell.stream else "invocations"
    return {
        "model_name": name,
        "litellm_params": {
            "model": f"{prefix}/{cell.endpoint}",
            "aws_access_key_id": ACCESS_KEY,
            "aws_secret_access_key": SECRET_KEY,
            "aws_region_name": REGION,
            "sagemaker_base_url": f"{upstream.url}/endpoints/{cell.endpoint}/{operation}",
        },
    }
