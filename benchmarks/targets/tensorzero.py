"""TensorZero's gateway, which its Python package carries; from an environment of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.targets.target import (
    ACCESS_KEY,
    REGION,
    SECRET_KEY,
    Ground,
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
bind_address = "127.0.0.1:{port}"
observability.enabled = false
"""
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
        config, port = ground.folder / "tensorzero.toml", processes.free_port()
        url, authority = ground.upstream.url, ground.upstream.authority
        models = (
            _MODEL.format(name=name, region=REGION, hosted=hosted, url=url)
            for name, hosted in _HOSTED.items()
        )
        config.write_text(_GATEWAY.format(port=port) + "".join(models))
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
        with started("TensorZero", port, ask, running) as target:
            yield target

    return start
