"""sagegate as its users start it: with a key, routing, metrics and a log line for each request."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.targets.target import (
    ACCESS_KEY,
    CALLER_KEY,
    REGION,
    SECRET_KEY,
    Ground,
    Start,
    Target,
    speaking_openai,
    started,
)

HERE = Path(__file__).parents[2]
#: The container's kind by its endpoint, and the prefix of its models.
_MODELS = {
    "chat": "sagemaker_chat",
    "chat-paced": "sagemaker_chat",
    "text": "sagemaker",
    "text-paced": "sagemaker",
}


def sagegate(*, name: str = "sagegate", tree: Path = HERE, workers: int = 1) -> Start:
    """Give what starts it from a tree of its sources."""

    @contextmanager
    def start(ground: Ground) -> Iterator[Target]:
        config = ground.folder / f"{name}.yaml"
        config.write_text(json.dumps(_configuration(ground)))
        port = processes.free_port()
        arguments = [sys.executable, "-m", "proxy", "--config", str(config)]
        arguments += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", str(workers)]
        running = processes.running(
            arguments,
            log=ground.folder / f"{name}.log",
            cores=ground.cores.gateway(workers),
            environment={"PYTHONPATH": str(tree)},
            folder=tree,
        )
        ask = speaking_openai("/v1/chat/completions", lambda cell: cell.endpoint)
        with started(name, ask, running, lambda _: port) as target:
            yield target

    return start


def _configuration(ground: Ground) -> dict[str, object]:
    upstream = ground.upstream
    settings = {"ssl_verify": str(upstream.authority)} if upstream.authority else {}
    return {
        "model_list": [
            {
                "model_name": endpoint,
                "litellm_params": {
                    "model": f"{prefix}/{endpoint}",
                    "aws_access_key_id": ACCESS_KEY,
                    "aws_secret_access_key": SECRET_KEY,
                    "aws_region_name": REGION,
                    "sagemaker_base_url": upstream.url,
                },
            }
            for endpoint, prefix in _MODELS.items()
        ],
        "litellm_settings": settings,
        "general_settings": {"master_key": CALLER_KEY},
    }
