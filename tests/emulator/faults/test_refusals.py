from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.errors import NO_CAPACITY_TEXT, WALL_TEXT
from tests.emulator.callers import TGI, Emulated

ROUTE = "/endpoints/demo-tgi/invocations"


def refused(emulated: Emulated, *, streaming: bool = False) -> Any:
    """The botocore error response of an invocation that must be refused."""
    call = emulated.invoke_streaming if streaming else emulated.invoke
    with pytest.raises(ClientError) as caught:
        call("demo-tgi", TGI)
    return caught.value.response


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("validation_error", "ValidationError", 400),
        ("model_error", "ModelError", 424),
        ("model_unreadable", "ModelError", 424),
        ("model_not_ready", "ModelNotReadyException", 429),
        ("internal_failure", "InternalFailure", 500),
        ("service_unavailable", "ServiceUnavailable", 503),
        ("internal_dependency", "InternalDependencyException", 530),
        ("throttling", "ThrottlingException", 400),
        ("access_denied", "AccessDeniedException", 403),
        ("expired_token", "ExpiredTokenException", 403),
        ("no_capacity", "ValidationError", 400),
        ("unknown_operation", "UnknownOperationException", 404),
    ],
)
def test_code_and_status(
    emulated: Emulated, fault: str, code: str, status: int, *, streaming: bool
) -> None:
    """Each scripted error surfaces in botocore under AWS's code and status, on both operations."""
    emulated.fault("demo-tgi", fault, times=1)
    response = refused(emulated, streaming=streaming)
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert emulated.requests()[-1]["outcome"] == f"{status} {code}"


def test_model_error_originals(emulated: Emulated) -> None:
    """A scripted ModelError carries the container's status and body, capped as the model says."""
    emulated.fault("demo-tgi", "model_error", status=400, message="é" * 3000)
    response = refused(emulated)
    assert response["OriginalStatusCode"] == 400
    assert response["OriginalMessage"] == "é" * 2048
    text = response["Error"]["Message"]
    assert len(text) == 2048
    assert text.startswith('Received client error (400) from primary with message "é')
    assert text.endswith(
        'é". See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region='
        "us-east-1#logEventViewer:group=/aws/sagemaker/Endpoints/demo-tgi in "
        "account 111122223333 for more information."
    )


def test_the_wall(emulated: Emulated) -> None:
    """Status 0 is AWS's own 60-second wall, with its known text."""
    emulated.fault("demo-tgi", "model_error", status=0)
    response = refused(emulated)
    assert response["OriginalStatusCode"] == 0
    assert response["OriginalMessage"] == WALL_TEXT
    assert response["Error"]["Message"].startswith("Received server error (0) from primary")


def test_unreadable_has_no_originals(emulated: Emulated) -> None:
    """An answer that AWS could not read leaves the original fields out."""
    emulated.fault("demo-tgi", "model_unreadable")
    response = refused(emulated)
    assert "OriginalMessage" not in response
    assert "could not load the entire response body" in response["Error"]["Message"]


def test_access_denied_names_arns(emulated: Emulated) -> None:
    """The denial names the caller's and the endpoint's ARN."""
    emulated.fault("demo-tgi", "access_denied")
    text = refused(emulated)["Error"]["Message"]
    assert "User: arn:aws:sts::111122223333:assumed-role/emulator/session is not" in text
    assert "resource: arn:aws:sagemaker:us-east-1:111122223333:endpoint/demo-tgi" in text


def test_no_capacity_sentence(emulated: Emulated) -> None:
    """No capacity is told in the exact sentence of the service."""
    emulated.fault("demo-tgi", "no_capacity")
    assert refused(emulated)["Error"]["Message"] == NO_CAPACITY_TEXT


def test_throttling_shape(emulated: Emulated) -> None:
    """Throttling is a 400 whose text is null, under any of its names."""
    emulated.fault("demo-tgi", "throttling", code="SlowDown")
    answer = _raw(emulated)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-amzn-errortype: SlowDown\r\n" in answer
    assert answer.endswith(b'{"message":null}')
    assert b"retry-after" not in answer


def test_throttling_with_advice(emulated: Emulated) -> None:
    """It says when to come again, if told to."""
    emulated.fault("demo-tgi", "throttling", retry_after=7)
    assert b"retry-after: 7\r\n" in _raw(emulated)


@pytest.mark.parametrize("status", [502, 200])
def test_html_page(emulated: Emulated, status: int) -> None:
    """A proxy's page has its status, no error name, and a body that is not JSON."""
    emulated.fault("demo-tgi", "html_page", status=status)
    answer = _raw(emulated)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"content-type: text/html" in answer
    assert b"x-amzn-errortype" not in answer
    assert b"<html>" in answer


def _raw(emulated: Emulated) -> bytes:
    """The first bytes of an answer as they stand on the wire."""
    with emulated.connect(ROUTE, b"{}") as connection:
        answer = b""
        while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):
            answer += connection.recv(65536)
        return answer
