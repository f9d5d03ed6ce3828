"""AWS's errors, row by row, against what clients are to see."""

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from adapters.errors import (
    EndpointCold,
    EndpointNotFound,
    EndpointUnavailable,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    ModelLoading,
    PayloadTooLarge,
    StreamingRefused,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.sagemaker.errors import translate, translate_message
from adapters.sagemaker.event_stream import EventStreamDecoder
from tests.adapters.sagemaker.frames import error, exception, message, string_header

NO_CAPACITY = (
    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be "
    "in-progress (if configured) or try to increase the capacity by invoking "
    "UpdateInferenceComponentRuntimeConfig API."
)
DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/gate/x is not authorized to perform: "
    "sagemaker:InvokeEndpoint on resource: arn:aws:sagemaker:eu-west-1:111122223333:endpoint/e"
)


def answer(
    status: int, name: str = "", body: Any = None, *, streaming: bool = False, **headers: Any
) -> GatewayError:
    """Translate an answer; a body that is not bytes is sent as JSON."""
    fields = CIMultiDict({key.replace("_", "-"): value for key, value in headers.items()})
    if name:
        fields["x-amzn-ErrorType"] = name
    data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return translate(status, fields, data, streaming=streaming)


def face(error: GatewayError) -> tuple[type[GatewayError], int, str, bool]:
    """Give what routing and clients act on."""
    return type(error), error.status, error.type, error.retryable


@pytest.mark.parametrize(
    ("status", "name", "kind", "ours", "type_", "retryable"),
    [
        (400, "ValidationError", InvalidRequest, 400, "invalid_request_error", False),
        (429, "ModelNotReadyException", ModelLoading, 503, "upstream_error", True),
        (500, "InternalFailure", UpstreamError, 500, "upstream_error", True),
        (503, "ServiceUnavailable", EndpointUnavailable, 503, "upstream_error", True),
        (530, "InternalDependencyException", EndpointUnavailable, 503, "upstream_error", True),
        (400, "ThrottlingException", Throttled, 429, "rate_limit_error", True),
        (400, "Throttling", Throttled, 429, "rate_limit_error", True),
        (400, "ThrottledException", Throttled, 429, "rate_limit_error", True),
        (400, "RequestThrottledException", Throttled, 429, "rate_limit_error", True),
        (400, "TooManyRequestsException", Throttled, 429, "rate_limit_error", True),
        (400, "RequestLimitExceeded", Throttled, 429, "rate_limit_error", True),
        (400, "RequestThrottled", Throttled, 429, "rate_limit_error", True),
        (400, "LimitExceededException", Throttled, 429, "rate_limit_error", True),
        (400, "SlowDown", Throttled, 429, "rate_limit_error", True),
        (400, "PriorRequestNotComplete", Throttled, 429, "rate_limit_error", True),
        (400, "BandwidthLimitExceeded", Throttled, 429, "rate_limit_error", True),
        (429, "", Throttled, 429, "rate_limit_error", True),
        (509, "Whatever", Throttled, 429, "rate_limit_error", True),
        (400, "RequestTimeout", UpstreamTimeout, 504, "timeout_error", True),
        (408, "", UpstreamTimeout, 504, "timeout_error", True),
        (504, "GatewayTimeout", UpstreamTimeout, 504, "timeout_error", True),
        (502, "BadGateway", UpstreamError, 502, "upstream_error", True),
        (503, "SomethingNew", EndpointUnavailable, 503, "upstream_error", True),
        (500, "SomethingNew", UpstreamError, 500, "upstream_error", True),
        (529, "", EndpointUnavailable, 503, "upstream_error", True),
        (530, "", EndpointUnavailable, 503, "upstream_error", True),
        (599, "SomethingNew", UpstreamError, 502, "upstream_error", True),
        (403, "AccessDeniedException", UpstreamError, 502, "upstream_error", False),
        (403, "ExpiredTokenException", UpstreamError, 502, "upstream_error", False),
        (400, "IncompleteSignature", UpstreamError, 502, "upstream_error", False),
        (401, "", UpstreamError, 502, "upstream_error", False),
        (403, "", UpstreamError, 502, "upstream_error", False),
        (400, "SerializationException", UpstreamError, 502, "upstream_error", False),
        (404, "UnknownOperationException", UpstreamError, 502, "upstream_error", False),
        (418, "SomethingNew", UpstreamError, 502, "upstream_error", False),
        (413, "", PayloadTooLarge, 413, "invalid_request_error", False),
        (302, "", UpstreamError, 502, "upstream_error", False),
        (307, "ThisIsNoError", UpstreamError, 502, "upstream_error", False),
    ],
)
def test_row(
    status: int, name: str, kind: type[GatewayError], ours: int, type_: str, retryable: bool
) -> None:
    """Each of AWS's names and statuses has one place in our tree."""
    assert face(answer(status, name)) == (kind, ours, type_, retryable)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x_amzn_ErrorType": "ThrottlingException"}, b""),
        ({"x_amzn_ErrorType": "ThrottlingException:http://internal.amazon.com/x"}, b"{}"),
        ({"x_amzn_ErrorType": "com.amazonaws.x#ThrottlingException:http://x"}, b"<html>"),
        ({}, b'{"__type":"ThrottlingException","message":null}'),
        ({}, b'{"__type":"com.amazonaws.x#ThrottlingException"}'),
        ({}, b'{"code":"ThrottlingException","message":null}'),
        ({}, b'{"Code":"ThrottlingException","Message":null}'),
        ({"x_amzn_ErrorType": "ThrottlingException"}, b'{"code":"ValidationError"}'),
    ],
)
def test_where_the_name_stands(headers: dict[str, Any], body: bytes) -> None:
    """The name is found in header, code or type, with and without decoration and message (G4)."""
    error = answer(400, body=body, **headers)
    assert face(error) == (Throttled, 429, "rate_limit_error", True)
    assert error.retry_after


def test_headers_may_be_plain_and_lower() -> None:
    """A plain mapping with names in lower case does as well as a case-insensitive one."""
    error = translate(400, {"x-amzn-errortype": "SlowDown"}, b"", streaming=False)
    assert isinstance(error, Throttled)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("1", 1.0), ("60", 60.0), ("17", 17.0), ("0", 5.0), ("61", 5.0), ("soon", 5.0), ("-1", 5.0)],
)
def test_retry_after(header: str, seconds: float) -> None:
    """`Retry-After` is obeyed from 1 to 60 seconds; else a fitting one is made up (G6)."""
    for status, name in (
        (400, "Throttling"),
        (503, "ServiceUnavailable"),
        (429, "ModelNotReadyException"),
    ):
        error = answer(status, name, Retry_After=header)
        assert error.retry_after == seconds
        assert error.guessed == (header not in {"1", "60", "17"})


def test_no_capacity() -> None:
    """AWS's own refusal for want of capacity is a 503 with a hint when to come again (G5)."""
    error = answer(400, "ValidationError", {"message": NO_CAPACITY})
    assert face(error) == (EndpointCold, 503, "upstream_error", True)
    assert error.code == "no_capacity"
    assert error.retry_after


@pytest.mark.parametrize(
    ("status", "name", "body"),
    [
        (400, "ValidationError", {"message": f"1 error: {NO_CAPACITY}"}),
        (422, "ValidationError", {"message": NO_CAPACITY}),
        (424, "ModelError", {"OriginalStatusCode": 400, "OriginalMessage": NO_CAPACITY}),
        (400, "", {"error": {"message": NO_CAPACITY}, "code": "model_error"}),
    ],
)
def test_echo_of_no_capacity(status: int, name: str, body: dict[str, Any]) -> None:
    """The sentence inside another error, where a prompt may have put it, makes nobody wait (G5)."""
    error = answer(status, name, body)
    assert error.status == 400
    assert not error.retryable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Endpoint ep of account 111122223333 not found.", "Endpoint ep not found."),
        ("Inference Component ic not found.", "Inference Component ic not found."),
        (
            "Could not find inference component ic for endpoint ep in account 111122223333.",
            "Could not find inference component ic for endpoint ep.",
        ),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_unknown_endpoint(text: str, shown: str, streaming: bool) -> None:
    """An endpoint or component that AWS does not know is a 404 without the account's number."""
    error = answer(400, "ValidationError", {"Message": text}, streaming=streaming)
    assert face(error) == (EndpointNotFound, 404, "invalid_request_error", False)
    assert (error.code, error.message) == ("endpoint_not_found", shown)
    assert error.detail is not None
    assert text.replace("111122223333", "*" * 12) in error.detail


def test_other_validation_errors_keep_their_text() -> None:
    """A validation error's sentence is the client's to read, without AWS's identifiers."""
    text = "Inference Component Name header is required for endpoints in account 111122223333."
    error = answer(400, "ValidationError", {"Message": text})
    assert type(error) is InvalidRequest
    assert error.message == "Inference Component Name header is required for endpoints."
    assert answer(400, "ValidationException").message == "SageMaker refused the request."


@pytest.mark.parametrize(
    ("status", "name", "body"),
    [
        (400, "ValidationError", {"Message": "Endpoint e does not support response streaming."}),
        (400, "ValidationError", {"Message": "This operation is not supported for this endpoint."}),
        (400, "ValidationError", {"Message": "Streaming is unsupported"}),
        (400, "UnknownOperationException", {}),
        (404, "UnknownOperationException", {}),
        (404, "", b"<html>not here</html>"),
        (404, "", {"detail": "Not Found"}),
        (405, "", b""),
    ],
)
def test_refusal_of_streaming(status: int, name: str, body: Any) -> None:
    """What refuses the streaming operation is told apart, but only when streaming was asked for."""
    refused = answer(status, name, body, streaming=True)
    assert face(refused) == (StreamingRefused, 502, "upstream_error", False)
    assert not isinstance(answer(status, name, body, streaming=False), StreamingRefused)


def test_unknown_endpoint_is_no_refusal_of_streaming() -> None:
    """A mistyped endpoint on the streaming route is a 404, not a reason to fake the stream."""
    body = {"Message": "Endpoint streaming-ep of account 111122223333 not found."}
    assert isinstance(answer(400, "ValidationError", body, streaming=True), EndpointNotFound)


@pytest.mark.parametrize(
    ("status", "name", "text"),
    [
        (403, "AccessDeniedException", DENIED),
        (403, "ExpiredToken", "The security token included in the request is expired"),
        (403, "InvalidSignatureException", "The request signature we calculated does not match"),
        (403, "UnrecognizedClientException", "The security token is invalid: AKIAIOSFODNN7EXAMPLE"),
    ],
)
def test_our_own_identity_refused(status: int, name: str, text: str) -> None:
    """The gateway's own refusal is a 502 that shows AWS's code and nothing else of AWS's text."""
    error = answer(status, name, {"message": text})
    assert face(error) == (UpstreamError, 502, "upstream_error", False)
    assert error.should_retry is False
    assert error.code == name
    assert error.message == f"AWS refused the gateway's own credentials or permissions ({name})."
    told = text.replace("AKIAIOSFODNN7EXAMPLE", "[key]").replace("111122223333", "*" * 12)
    assert error.detail == f"{name}: {told}"


def test_clock_skew_is_named_in_the_log() -> None:
    """A signature that is off in time makes the operator look at the clock (I4)."""
    text = "Signature expired: 20260830T123600Z is now earlier than 20260830T124100Z"
    error = answer(403, "InvalidSignatureException", {"message": text})
    assert error.detail is not None
    assert "clock" in error.detail
    assert "clock" not in error.message


@pytest.mark.parametrize("status", [400, 404, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body", [b"", b"<html>proxy.internal says no</html>", b"\xff\xfe", b"[1]", b"{" * 3000, b"null"]
)
def test_unreadable_bodies(status: int, body: bytes) -> None:
    """A page of something in between is a 502, and its text stays inside."""
    error = answer(status, body=body)
    assert face(error) == (MalformedReply, 502, "upstream_error", status >= 500)
    assert "proxy" not in error.message


def test_container_behind_a_base_url() -> None:
    """A container that answers itself, without SageMaker, keeps its status and its sentence."""
    error = answer(422, body={"error": "`top_p` must be < 1", "error_type": "validation"})
    assert face(error) == (ModelError, 422, "invalid_request_error", False)
    assert error.message == "`top_p` must be < 1"
    vllm = {"object": "error", "message": "bad", "code": "bad_thing", "param": "n"}
    error = answer(400, body=vllm)
    assert (error.status, error.code, error.param) == (400, "bad_thing", "n")


def test_hostile_names() -> None:
    """What does not look like a name is not shown as one."""
    error = answer(403, "arn aws 111122223333\tx")
    assert "1111" not in error.message
    assert error.code is None


def in_stream(data: bytes) -> GatewayError:
    """Translate one message of a stream."""
    (found,) = EventStreamDecoder().feed(data)
    return translate_message(found)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            exception("ModelStreamError", Message="m", ErrorCode="ModelInvocationTimeExceeded"),
            (UpstreamTimeout, 504, "timeout_error", False),
        ),
        (
            exception("ModelStreamError", Message="m", ErrorCode="StreamBroken"),
            (UpstreamError, 502, "upstream_error", True),
        ),
        (exception("ModelStreamError"), (UpstreamError, 502, "upstream_error", True)),
        (
            exception("InternalStreamFailure", Message="m"),
            (UpstreamError, 502, "upstream_error", True),
        ),
        (
            exception("ThrottlingException", Message="m"),
            (Throttled, 429, "rate_limit_error", True),
        ),
        (exception("SomethingNew", Message="m"), (UpstreamError, 502, "upstream_error", True)),
        (error("InternalError", "/opt/ml/x"), (UpstreamError, 502, "upstream_error", True)),
        (
            message(string_header(":message-type", "exception"), b"<html>"),
            (UpstreamError, 502, "upstream_error", True),
        ),
        (
            message(
                string_header(":message-type", "exception")
                + string_header(":exception-type", "ModelStreamError"),
                b"[]",
            ),
            (UpstreamError, 502, "upstream_error", True),
        ),
    ],
)
def test_faults_inside_a_stream(
    data: bytes, expected: tuple[type[GatewayError], int, str, bool]
) -> None:
    """Each fault inside a stream has its place in the tree; its own text is for the log (F1)."""
    found = in_stream(data)
    assert face(found) == expected
    assert "/opt" not in found.message


def test_unmodelled_fault_keeps_its_text_for_the_log() -> None:
    """The text of an error message stands in its header."""
    assert in_stream(error("Oops", "why")).detail == "Oops: why"
