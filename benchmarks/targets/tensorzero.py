"""TensorZero's gateway, which its Python package carries; from an environment of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.targets.target import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    Ground,
    NotStarted,
    Start,
    Target,
    speaking_openai,
    started,
)

_PROGRAM = """
import sys, time
from tensorzero.tensorzero import _start_http_gateway
gateway = _start_http_gateway(
    config_file=sys.argv[1], clickhouse_url=None, postgres_url=None, valkey_url=None,
    async_setup=False,
)
print(gateway.base_url, flush=True)
while True:
    time.sleep(3600)
"""
_GATEWAY = """
[gateway]
observability.enabled = false
"""
#: It chooses its port itself, whatever the configuration says.
_ADDRESS = re.compile(r"^http://[^/\s]+:(\d+)/openai/v1$", re.MULTILINE)
#: Seconds until it says which.
_PATIENCE = 30.0
_MODEL = """
[models.{name}]
routing = ["runtime"]
[models.{name}.providers.runtime]
type = "aws_sagemaker"
endpoint_name = "{name}"
model_name = "org/model"
region = "{region}"
hosted_provider = "{hosted}"
endpoint_url = "{url}"
"""
_HOSTED = {"chat": "openai", "chat-paced": "openai", "text": "tgi", "text-paced": "tgi"}


def tensorzero(python: Path) -> Start:
    """Give what starts it, by the interpreter that has the package."""

    @contextmanager
    def start(ground: Ground) -> Iterator[Target]:
        config = ground.folder / "tensorzero.toml"
        url, authority = ground.upstream.url, ground.upstream.authority
        models = (
            _MODEL.format(name=name, region=REGION, hosted=hosted, url=url)
            for name, hosted in _HOSTED.items()
        )
        config.write_text(_GATEWAY + "".join(models))
        environment = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        if authority:
            environment["SSL_CERT_FILE"] = str(authority)
        running = processes.running(
            [str(python), "-c", _PROGRAM, str(config)],
            log=ground.folder / "tensorzero.log",
            cores=ground.cores.gateway(),
            environment=environment,
        )
        ask = speaking_openai(
            "/openai/v1/chat/completions", lambda cell: f"tensorzero::model_name::{cell.endpoint}"
        )
        with started("TensorZero", ask, running, _port) as target:
            yield target

    return start


def _port(process: processes.Process) -> int:
    ends = time.perf_counter() + _PATIENCE
    while not (found := _ADDRESS.search(process.last_words)):
        if process.ended or time.perf_counter() > ends:
            raise NotStarted(process.last_words)
        time.sleep(0.005)
    return int(found[1])
