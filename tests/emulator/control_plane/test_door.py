import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from emulator.server import running_emulator
from emulator.settings import ACCESS_KEY, SECRET_KEY, SettingsError, parse
from tests.emulator.callers import REGION
from tests.emulator.control_plane.conftest import clients


def posted(url: str, service: str, body: bytes, **headers: str) -> httpx.Response:
    """Posts a signed body to the control plane's route."""
    request = AWSRequest(method="POST", url=f"{url}/", data=body, headers=headers)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), service, REGION).add_auth(request)
    with httpx.Client(trust_env=False) as http:
        return http.post(f"{url}/", content=body, headers=dict(request.headers))


@pytest.mark.parametrize(
    ("service", "body", "status", "code"),
    [
        ("sagemaker", b"[1]", 400, "SerializationException"),
        ("sagemaker", b"{", 400, "SerializationException"),
        ("sagemaker", b"{}", 400, "UnknownOperationException"),
        ("sts", b"Version=2011-06-15", 400, "ValidationError"),
        ("s3", b"{}", 403, "InvalidSignatureException"),
        ("sagemaker", b"x" * 1_048_577, 413, "RequestEntityTooLarge"),
    ],
)
def test_odd_calls(plane_url: str, service: str, body: bytes, status: int, code: str) -> None:
    """What can't be read is refused with a code, in the protocol of the service signed for."""
    answer = posted(plane_url, service, body)
    assert answer.status_code == status
    assert code in answer.text
    assert answer.headers["x-amzn-requestid"]


def test_unsigned(plane_url: str) -> None:
    """A call without a signature is refused."""
    answer = httpx.post(f"{plane_url}/", content=b"{}", trust_env=False)
    assert answer.status_code == 403
    assert answer.json()["__type"] == "MissingAuthenticationTokenException"


def test_required_parameters(plane_url: str) -> None:
    """A call without what it needs is refused, naming it."""
    target = {"x-amz-target": "SageMaker.DescribeEndpoint"}
    answer = posted(plane_url, "sagemaker", b"{}", **target)
    assert answer.json()["__type"] == "ValidationException"
    assert "EndpointName" in answer.json()["message"]


def seconds_ahead(answer: Any) -> float:
    """How far an answer's date is ahead of this machine's clock."""
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    return parsedate_to_datetime(date).timestamp() - time.time()


def test_clock() -> None:
    """AWS's clock may be ahead: its `Date` says so, and far enough it refuses signatures."""
    with running_emulator(parse({"clock_ahead": 120}, "t")) as url:
        for client in clients(url):
            answer = client("sts").get_caller_identity()
            assert 110 < seconds_ahead(answer) < 130
    with running_emulator(parse({"clock_ahead": 600}, "t")) as url:
        for client in clients(url):
            with pytest.raises(ClientError) as caught:
                client("sagemaker").list_endpoints()
            assert "Signature expired" in str(caught.value)
            assert 590 < seconds_ahead(caught.value.response) < 610


def test_only_components_have_copies() -> None:
    """A number of copies for an endpoint without components is a mistake, and is named."""
    endpoint = {"kind": "tgi", "copies": 0, "min_copies": 0}
    with pytest.raises(SettingsError, match="copies, min_copies: only inference_components"):
        parse({"endpoints": {"x": endpoint}}, "t")
