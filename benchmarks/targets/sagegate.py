"""sagegate as its users start it: with a key, routing, metrics and a log line for each request."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import processes
from benchmarks.cells import Cell
from benchmarks.questions import Question
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
#: What hears of calls where that is measured.
_CALLBACKS = ("otel", "benchmarks.targets.callback.counter")
#: The container's kind by its endpoint, and the prefix of its models.
_MODELS = {
    "chat": "sagemaker_chat",
    "chat-paced": "sagemaker_chat",
    "text": "sagemaker",
    "text-paced": "sagemaker",
    "slow": "sagemaker_chat",
    "failing": "sagemaker_chat",
    "broken": "sagemaker_chat",
}

#: What a configuration file has.
Configuration = dict[str, Any]

PATH: Final = "/v1/chat/completions"
_ask = speaking_openai(PATH, lambda cell: cell.endpoint)


def sagegate(
    *,
    name: str = "sagegate",
    tree: Path = HERE,
    workers: int = 1,
    observed: bool = False,
    change: Callable[[Configuration], None] = lambda _: None,
    ask: Callable[[Cell], Question] = _ask,
) -> Start:
    """Give what starts it from a tree of its sources.

    Args:
        name: What it is called in the tables.
        tree: The sources.
        workers: Processes.
        observed: With a span for each request and try, sent to the runtime, and with a callback;
            metrics and the log are on in any case.
        change: Changes its configuration.
        ask: Gives a cell's question in its words.
    """

    @contextmanager
    def start(ground: Ground) -> Iterator[Target]:
        config = ground.folder / f"{name}.yaml"
        configuration = _configuration(ground, _CALLBACKS if observed else ())
        change(configuration)
        config.write_text(json.dumps(configuration))
        port = processes.free_port()
        arguments = [sys.executable, "-m", "proxy", "--config", str(config)]
        arguments += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", str(workers)]
        running = processes.running(
            arguments,
            log=ground.folder / f"{name}.log",
            cores=ground.cores.gateway(workers),
            environment={"PYTHONPATH": str(tree), **(_exporter(ground) if observed else {})},
            folder=tree,
        )
        with started(name, ask, running, lambda _: port) as target:
            yield target

    return start


def _exporter(ground: Ground) -> dict[str, str]:
    """Give OpenTelemetry's own variables: the runtime takes spans, too."""
    authority = ground.upstream.authority
    trusted = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority)} if authority else {}
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": ground.upstream.url, **trusted}


def _configuration(ground: Ground, callbacks: Sequence[str]) -> Configuration:
    upstream = ground.upstream
    settings: dict[str, object] = {"callbacks": [*callbacks]} if callbacks else {}
    if upstream.authority:
        settings["ssl_verify"] = str(upstream.authority)
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
