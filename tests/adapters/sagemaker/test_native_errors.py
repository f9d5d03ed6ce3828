"""The native OpenAI path's errors: what each becomes for a client."""

import json
from typing import Any

import pytest

from adapters.errors import (
    ContextLengthExceeded,
    EndpointNotFound,
    EndpointUnavailable,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.sagemaker.native_errors import translate

ACCOUNT = "123456789012"
NO_CAPACITY = (
    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be "
    "in-progress (if configured) or try to increase the capacity by invoking "
    "UpdateInferenceComponentRuntimeConfig API."
)
LOGS = (
    "See https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEventViewer:"
    f"group=/aws/sagemaker/Endpoints/x in account {ACCOUNT} for more information."
)


def envelope(message: Any, code: Any, kind: str = "invalid_request_error") -> bytes:
    """Write an error body as the path does."""
    return json.dumps({"error": {"message": message, "type": kind, "code": code}}).encode()


def quoted(status: int, text: str) -> bytes:
    """Write a container's error as the path does."""
    side = "client" if status in range(400, 500) else "server"
    wrapper = f'Received {side} error ({status}) from model-1 with message "{text}". {LOGS}'
    return envelope(wrapper, "model_error", "server_error")


def translated(body: bytes, status: int = 400, **headers: str) -> GatewayError:
    """Translate, and check that nothing of AWS's own leaves."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    error = translate(status, given, body)
    for secret in (ACCOUNT, "console.aws", "arn:aws", "Traceback", "/opt/"):
        assert secret not in error.message
    return error


def test_unknown_endpoint() -> None:
    """AWS's 400 for an endpoint that it does not know is a 404 without the account's number."""
    error = translated(envelope(f"Endpoint x of account {ACCOUNT} not found.", "validation_error"))
    assert isinstance(error, EndpointNotFound)
    assert (error.status, error.code) == (404, "endpoint_not_found")


def test_unknown_component() -> None:
    """The same for an inference component."""
    text = f"Inference Component c of account {ACCOUNT} not found."
    assert isinstance(translated(envelope(text, "validation_error")), EndpointNotFound)


def test_no_capacity() -> None:
    """A component that is scaled to zero is a 503 with a time to come again."""
    error = translated(envelope(NO_CAPACITY, "validation_error"))
    assert isinstance(error, EndpointUnavailable)
    assert (error.status, error.code, error.retry_after) == (503, "no_capacity", 30.0)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (envelope(f"1 validation error: {NO_CAPACITY}", "validation_error"), InvalidRequest),
        (envelope(NO_CAPACITY, "model_error", "server_error"), UpstreamError),
        (envelope(NO_CAPACITY, "other"), ModelError),
        (quoted(400, json.dumps({"error": {"message": NO_CAPACITY}})), ModelError),
        (quoted(400, NO_CAPACITY), ModelError),
        (
            quoted(400, json.dumps(json.loads(envelope(NO_CAPACITY, "validation_error")))),
            ModelError,
        ),
    ],
    ids=["inside", "wrapper", "code", "quoted", "bare", "envelope"],
)
def test_a_prompt_that_quotes_aws(body: bytes, kind: type[GatewayError]) -> None:
    """Only AWS's own error that begins with the sentence means no capacity."""
    error = translated(body)
    assert isinstance(error, kind)
    assert not isinstance(error, EndpointUnavailable)


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500, 503])
def test_the_containers_error_is_unwrapped(status: int) -> None:
    """Status, message, code and param are the container's own, whatever the path's status is."""
    said = {"error": {"message": "bad top_p", "type": "x", "param": "top_p", "code": "x_y"}}
    error = translated(quoted(status, json.dumps(said)))
    assert isinstance(error, ModelError)
    assert (error.status, error.message) == (status, "bad top_p")
    assert (error.param, error.code) == ("top_p", "x_y")
    assert f"container's status {status}" in str(error.detail)
    assert "bad top_p" not in str(error.detail)


def test_the_containers_other_words() -> None:
    """Overload, a context too long, a traceback and AWS's wall keep their meaning."""
    assert isinstance(translated(quoted(429, '{"error":"busy"}')), Throttled)
    long = '{"message":"maximum context length is 10 tokens"}'
    assert isinstance(translated(quoted(400, long)), ContextLengthExceeded)
    trace = 'Traceback (most recent call last):\n  File "/opt/vllm/x.py", line 1\nValueError: no'
    assert translated(quoted(500, trace)).message == "no"
    wall = "Your invocation timed out while waiting for a response from container primary."
    assert isinstance(translated(quoted(0, wall)), UpstreamTimeout)


def test_an_unreadable_container() -> None:
    """Where AWS could not read the container's answer, nobody knows what it was: 502."""
    text = f"Received client error (400) from x and could not load the entire response body. {LOGS}"
    error = translated(envelope(text, "model_error", "server_error"))
    assert (error.status, type(error)) == (502, UpstreamError)


def test_a_container_that_quotes_that_sentence() -> None:
    """Words inside the quotes are the container's."""
    error = translated(quoted(400, '{"error":"could not load the entire response body"}'))
    assert (error.status, type(error)) == (400, ModelError)


@pytest.mark.parametrize("text", [None, 7, "", "nonsense"])
def test_a_wrapper_without_a_sentence(text: Any) -> None:
    """A container's error that can't be found is a 502, not a guess."""
    assert translated(envelope(text, "model_error")).status == 502


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"message":"no"}', envelope("no", "access_denied"), envelope("no", None)],
    ids=["empty", "page", "front door", "envelope", "no code"],
)
def test_our_own_identity_refused(status: int, body: bytes) -> None:
    """401 and 403 are the operator's matter: 502, and no SDK tries again."""
    error = translated(body, status)
    assert (error.status, error.type, error.should_retry) == (502, "upstream_error", False)
    assert not error.retryable


def test_the_operator_reads_what_aws_said() -> None:
    """The log has AWS's words on a refused identity, without the token."""
    text = "User arn:aws:sts::1:x is not authorized, sagemaker-api-key-c2FnZQ== was sent"
    error = translated(envelope(text, "access_denied_exception"), 403)
    assert error.code == "access_denied_exception"
    assert "not authorized" in str(error.detail)
    assert "c2FnZQ" not in str(error.detail)


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "ours"),
    [
        (400, b'{"message":null}', {"x_amzn_errortype": "ThrottlingException"}, Throttled, 429),
        (429, envelope("slow down", "rate_limit"), {}, Throttled, 429),
        (500, b'{"message":"x"}', {"x_amzn_errortype": "InternalFailure"}, UpstreamError, 500),
        (
            400,
            envelope(f"Endpoint x of account {ACCOUNT} not found.", None),
            {"x_amzn_errortype": "ValidationError"},
            EndpointNotFound,
            404,
        ),
        (400, envelope("odd", "unheard"), {}, ModelError, 400),
        (400, b'{"error":"text"}', {}, ModelError, 400),
        (502, b"<html>", {}, MalformedReply, 502),
        (302, b"", {}, UpstreamError, 502),
        (404, b'{"message":null}', {"x_amzn_errortype": "UnknownOperationException"}, None, 502),
    ],
)  # fmt: skip
def test_what_is_worded_otherwise(
    status: int,
    body: bytes,
    headers: dict[str, str],
    kind: type[GatewayError] | None,
    ours: int,
) -> None:
    """Errors in the other operations' shapes, or in none, are read as theirs are."""
    error = translated(body, status, **headers)
    assert isinstance(error, kind or UpstreamError)
    assert error.status == ours


def test_validation_without_a_text() -> None:
    """An envelope that says nothing is still AWS's refusal."""
    error = translated(envelope(None, "validation_error"))
    assert isinstance(error, InvalidRequest)
    assert error.message == "SageMaker refused the request."
