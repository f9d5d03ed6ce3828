"""`--aws` against moto's server: an independent witness of what AWS's answers look like."""

import logging
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.live.check.checked import Checker, chat
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY
from tests.live.serving import model

ROLE = "arn:aws:iam::123456789012:role/execution"
VLLM = f"763104351884.dkr.ecr.{REGION}.amazonaws.com/vllm:0.11.0-gpu"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """A server of moto's, with one endpoint; it doesn't write its calls down."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    sagemaker = boto3.client(
        "sagemaker",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    container = {"Image": VLLM, "Environment": {"SM_VLLM_MODEL": "m"}}
    sagemaker.create_model(ModelName="m", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.g4dn.xlarge",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="there", EndpointConfigName="c")
    sagemaker.close()
    yield url
    server.stop()


def test_moto(moto: str, tmp_path: Path) -> None:
    """Identity, endpoint, configuration and model are read; what moto lacks is not checked."""
    models = [
        chat("fine", "there"),
        model("wrong-format", "sagemaker/there", format="tgi"),
        chat("missing", "nowhere"),
    ]
    checked = Checker(tmp_path, moto)("--aws", "--json", models=models)
    assert checked.code == 1, checked.out + checked.err
    (caller,) = checked.document["identities"]
    assert (caller["account"], caller["partition"]) == ("123456789012", "aws")
    assert checked.found("fine") == {"endpoint": "ok", "format": "ok", "permission": "unknown"}
    assert checked.found("wrong-format")["format"] == "warning"
    assert checked.found("missing")["endpoint"] == "failure"


def test_roles_and_wildcards(moto: str, tmp_path: Path) -> None:
    """A role is assumed of moto's STS, and a wildcard's endpoints come from moto's list."""
    models = [chat("any/*", "*", discover={}, aws_role_name=ROLE)]
    checked = Checker(tmp_path, moto)("--aws", "--json", models=models)
    assert checked.err == ""
    (caller,) = checked.document["identities"]
    assert caller["arn"].startswith("arn:aws:sts::123456789012:assumed-role/execution/sagegate-")
    assert [each["model"] for each in checked.document["deployments"]] == ["any/*", "any/there"]
    assert checked.found("any/*") == {"discovery": "ok"}
    assert checked.found("any/there")["endpoint"] == "ok"
