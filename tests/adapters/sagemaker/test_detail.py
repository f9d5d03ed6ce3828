"""What an error tells the operator's log: no keys, no prompts, and where to look."""

import json
from typing import Any

import pytest

from adapters.errors import GatewayError
from adapters.sagemaker.errors import translate, translate_message
from adapters.sagemaker.event_stream import EventStreamDecoder
from tests.adapters.sagemaker.frames import exception


def answer(status: int, name: str, body: Any, *, streaming: bool = False) -> GatewayError:
    """Translate an answer; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return translate(status, {"x-amzn-errortype": name}, data, streaming=streaming)


def test_what_was_signed_stays_out_of_the_log() -> None:
    """AWS quotes the signed request, session token and all, where a signature does not fit."""
    text = (
        "The request signature we calculated does not match the signature you provided.\n\nThe "
        "Canonical String for this request should have been\n'POST\n/endpoints/e/invocations\n\n"
        "x-amz-security-token:FwoGZXIvYXdzEJr\n\nhost\n0a1b2c'"
    )
    error = answer(403, "SignatureDoesNotMatch", {"message": text})
    assert error.detail == f"SignatureDoesNotMatch: {text.partition(chr(10))[0]}"


ECHO = {"detail": [{"loc": ["body"], "msg": "bad", "input": {"messages": ["MY SECRET PROMPT"]}}]}


@pytest.mark.parametrize(
    ("status", "name", "body"),
    [
        (422, "", ECHO),
        (422, "", {**ECHO, "message": "MY SECRET PROMPT", "error_type": "MY SECRET PROMPT"}),
        (401, "", {"message": "MY SECRET PROMPT"}),
        (424, "", {"message": "MY SECRET PROMPT"}),
        (424, "ModelError", b"MY SECRET PROMPT"),
        (424, "ModelError", {"OriginalStatusCode": 422, "OriginalMessage": json.dumps(ECHO)}),
        (424, "ModelError", {"OriginalStatusCode": 400, "OriginalMessage": "MY SECRET PROMPT"}),
        (424, "ModelError", {"Message": 'from primary with message "MY SECRET PROMPT"'}),
        (424, "ModelError", {"OriginalStatusCode": 0, "OriginalMessage": "MY SECRET PROMPT"}),
        (424, "ModelError", {"LogStreamArn": "MY SECRET PROMPT"}),
        (500, "", b"MY SECRET PROMPT"),
        (404, "", b"<html>MY SECRET PROMPT"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_what_containers_say_stays_out_of_the_log(
    status: int, name: str, body: Any, streaming: bool
) -> None:
    """A container may quote the request: of its own words, `detail` repeats none (K4)."""
    error = answer(status, name, body, streaming=streaming)
    assert error.detail
    assert "SECRET" not in error.detail.upper()


def test_what_the_log_has_of_a_container() -> None:
    """Status and kind of a container's own error are there for the operator."""
    error = answer(422, "", {"error": "MY PROMPT", "error_type": "validation"})
    assert error.detail == "HTTP 422, validation"


LOGS = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/Endpoints/my-ep"


@pytest.mark.parametrize(
    ("status", "text", "message", "facts"),
    [
        (
            500,
            'Traceback (most recent call last):\n  File "/opt/ml/x.py", line 1, in f\nKeyError: n',
            "n",
            "500",
        ),
        (422, '{"error":"top_p","error_type":"validation"}', "top_p", "422, validation"),
        (400, '{"message":"n","type":"BadRequestError","code":"x1"}', "n", "400, badrequesterror"),
        (0, "any", "The model did not answer within SageMaker's time limit.", "0"),
    ],
)
def test_the_log_says_where_to_look(status: int, text: str, message: str, facts: str) -> None:
    """The log has the container's status and kind of error, and where the container logs."""
    body = {"OriginalStatusCode": status, "OriginalMessage": text, "LogStreamArn": LOGS}
    error = answer(424, "ModelError", body)
    assert error.message == message
    logs = LOGS.replace("111122223333", "*" * 12)
    assert error.detail == f"ModelError, container's status {facts}, {logs}"


def test_the_log_says_who_may_not_what() -> None:
    """Action, role and endpoint of a denial are there for the operator; accounts are not."""
    text = (
        "User: arn:aws:sts::111122223333:assumed-role/gateway/s is not authorized to perform: "
        "sagemaker:InvokeEndpoint on resource: arn:aws:sagemaker:eu-west-1:111122223333:endpoint/e"
    )
    error = answer(403, "AccessDeniedException", {"Message": text})
    masked = text.replace("111122223333", "*" * 12)
    assert error.detail == f"AccessDeniedException: {masked}"
    assert "arn:" not in error.message


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (exception("ModelStreamError", Message="MY", ErrorCode="StreamBroken"), "StreamBroken"),
        (exception("ModelStreamError", Message="MY", ErrorCode="MY PROMPT"), ""),
        (exception("ModelStreamError", Message="MY"), ""),
    ],
)
def test_broken_stream_is_named_in_the_log(data: bytes, detail: str) -> None:
    """How a container's stream broke is in the log; what was said about it may quote a prompt."""
    (found,) = EventStreamDecoder().feed(data)
    error = translate_message(found)
    assert error.detail == ", ".join(filter(None, ("ModelStreamError", detail)))
