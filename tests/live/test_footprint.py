"""What a serving process loads: nothing that its models don't need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY, TEMPORARY_KEY
from tests.live.processes import clean_environment, running
from tests.live.serving import model, written

#: AWS's libraries, 30 MB; template engines, HTTP clients and servers that only some models need.
HEAVY = {
    "aioboto3",
    "aiobotocore",
    "aiohttp",
    "boto3",
    "botocore",
    "moto",
    "jinja2",
    "httpx",
    "requests",
    "yarl",
}
#: What only other configurations need: several workers, a database of keys, prompt templates.
ELSEWHERE = {
    "adapters.deployment.template",
    "proxy.keys.record",
    "proxy.keys.spend",
    "proxy.lifecycle.ground",
    "proxy.lifecycle.orders",
    "proxy.lifecycle.supervisor",
    "jwt",
    "redis",
    "sqlalchemy",
    "websockets",
    "wsproto",
}
KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


@pytest.mark.parametrize("transport", ["invocations", "openai_path"])
def test_static_keys_need_none_of_awss_libraries(
    emulated: Emulated, tmp_path: Path, transport: str
) -> None:
    """With static keys a process starts, answers and streams without AWS's libraries."""
    params = {**KEYS, "sagemaker_base_url": emulated.url, "aws_region_name": REGION}
    path = tmp_path / "config.yaml"
    models = [model("chat", "sagemaker_chat/chat", transport=transport, **params)]
    path.write_text(written({"model_list": models}))
    arguments = ["-X", "importtime", "-m", "proxy", "--config", str(path), "--port", "0"]
    with running(arguments, clean_environment(AWS_ACCESS_KEY_ID=TEMPORARY_KEY)) as process:
        gateway = Gateway(process)
        assert gateway.chat("chat").status_code == 200
        assert gateway.stream("chat").done
        gateway.close()
    loaded = set(re.findall(r"^import time:.*\| +([\w.]+)$", process.err, re.MULTILINE))
    assert {"fastapi", "httptools"} <= loaded, "the list of what was loaded is there"
    assert not loaded & (HEAVY | ELSEWHERE)
