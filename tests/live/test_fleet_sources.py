"""Where a fleet's gateways find configuration and secrets: an object of S3, and mounted files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY
from tests.live.processes import clean_environment, running

KEY = "team/config.yaml"
CONFIG = """\
model_list:
  - model_name: {name}
    litellm_params: {{model: sagemaker_chat/chat, sagemaker_base_url: "{url}"}}
general_settings: {{master_key: os.environ/LOCK}}
"""
FIRST, SECOND = "sk-first-0123456789", "sk-second-0123456789"


class Bucket:
    """S3 with a bucket of its own, as an operator's tools see it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"fleet-{uuid4()}"
        self._s3 = boto3.client(
            "s3",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        self._s3.create_bucket(Bucket=self.name)

    def put(self, text: str) -> None:
        """Write the configuration."""
        self._s3.put_object(Bucket=self.name, Key=KEY, Body=text)

    def close(self) -> None:
        """Close the connection to it."""
        self._s3.close()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """Moto's S3."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    bucket = Bucket(f"http://{host}:{port}")
    yield bucket
    bucket.close()
    server.stop()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_object_and_secret_change_by_a_reload(
    bucket: Bucket, emulated: Emulated, tmp_path: Path, workers: str
) -> None:
    """A gateway starts from both, and a reload takes up the new ones: no restart, in any worker."""
    bucket.put(CONFIG.format(name="before", url=emulated.url))
    lock = tmp_path / "lock"
    lock.write_text(f"{FIRST}\n")
    variables = {
        "LITELLM_CONFIG_BUCKET_NAME": bucket.name,
        "LITELLM_CONFIG_BUCKET_OBJECT_KEY": KEY,
        "AWS_ENDPOINT_URL_S3": bucket.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "LOCK_FILE": str(lock),
    }
    arguments = ["-m", "proxy", "--host", "127.0.0.1", "--port", "0", "--num_workers", workers]
    with running(arguments, clean_environment(**variables)) as process:
        gateway = Gateway(process)
        gateway.wait_until_ready()
        gateway.http.headers["authorization"] = f"Bearer {FIRST}"
        assert gateway.text("before")
        bucket.put(CONFIG.format(name="after", url=emulated.url))
        lock.write_text(f"{SECOND}\n")
        assert gateway.post("/config/reload", {}).status_code == 200
        assert gateway.chat("after").status_code == 401
        gateway.http.headers["authorization"] = f"Bearer {SECOND}"
        assert gateway.text("after")
        bucket.put("model_list: 7\n")
        refused = gateway.post("/config/reload", {})
        assert refused.status_code == 400
        assert f"s3://{bucket.name}/{KEY}:1:1: model_list" in refused.text
        assert gateway.text("after")
        gateway.close()
