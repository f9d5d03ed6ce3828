"""The container's own errors, out of AWS's 424."""

import json
from typing import Any

import pytest

from adapters.errors import (
    ContextLengthExceeded,
    GatewayError,
    ModelError,
    ModelTimeout,
    Throttled,
    UpstreamError,
)
from adapters.sagemaker.errors import translate

SEE = (
    " See https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEventViewer:"
    "group=/aws/sagemaker/Endpoints/my-ep in account 111122223333 for more information."
)
WALL = (
    "Your invocation timed out while waiting for a response from container model. Review the "
    "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def model_error(**body: Any) -> GatewayError:
    """Translate a 424 with this body."""
    headers = {"x-amzn-errortype": "ModelError"}
    return translate(424, headers, json.dumps(body).encode(), streaming=False)


def said(status: int, original: Any) -> GatewayError:
    """Translate a 424 whose container answered so."""
    text = original if isinstance(original, str) else json.dumps(original)
    return model_error(OriginalStatusCode=status, OriginalMessage=text, Message="m" + SEE)


@pytest.mark.parametrize(
    ("original", "message", "code", "param"),
    [
        (
            {"error": {"message": "bad", "type": "t", "param": "top_p", "code": "bad_value"}},
            "bad",
            "bad_value",
            "top_p",
        ),
        ({"error": {"message": "bad", "code": 400, "param": None}}, "bad", None, None),
        ({"error": "bad top_p", "error_type": "validation"}, "bad top_p", None, None),
        (
            {
                "object": "error",
                "message": "bad",
                "type": "B",
                "param": "messages[0].role",
                "code": 4,
            },
            "bad",
            None,
            "messages[0].role",
        ),
        ({"error": "bad", "code": 424}, "bad", None, None),
        (
            {"code": 400, "message": "prediction failed", "error": "ValueError"},
            "prediction failed: ValueError",
            None,
            None,
        ),
        ({"detail": "no"}, "no", None, None),
        (
            {"detail": [{"loc": ["body", "inputs"], "msg": "field required"}, {"msg": "x"}]},
            "body.inputs: field required; x",
            None,
            None,
        ),
        ("plain text", "plain text", None, None),
        ('"quoted text"', "quoted text", None, None),
        ('{"error":{"message":"cut he\\"re and th', 'cut he\\"re and th', None, None),
        ("<html>nginx</html>", "The model's container answered with status 400.", None, None),
        ("[1, 2]", "The model's container answered with status 400.", None, None),
        ("{}", "The model's container answered with status 400.", None, None),
        ({"error": {"message": "x", "code": "a b", "param": "a b"}}, "x", None, None),
    ],
)
def test_container_shapes(original: Any, message: str, code: str | None, param: str | None) -> None:
    """Every shape of error body gives its sentence, and its code and param where they are names."""
    error = said(400, original)
    assert (type(error), error.status, error.type) == (ModelError, 400, "invalid_request_error")
    assert (error.message, error.code, error.param) == (message, code, param)


@pytest.mark.parametrize(
    ("status", "ours", "type_", "retryable"),
    [
        (400, 400, "invalid_request_error", False),
        (404, 404, "invalid_request_error", False),
        (422, 422, "invalid_request_error", False),
        (499, 499, "invalid_request_error", False),
        (500, 500, "upstream_error", True),
        (503, 503, "upstream_error", True),
        (599, 502, "upstream_error", True),
        (302, 502, "upstream_error", True),
        (-1, 502, "upstream_error", True),
    ],
)
def test_status(status: int, ours: int, type_: str, retryable: bool) -> None:
    """The container's status is kept; numbers that nobody knows become 502 (G3)."""
    error = said(status, {"error": "no"})
    assert (error.status, error.type, error.retryable) == (ours, type_, retryable)
    assert bool(error.retry_after) == (ours == 503)


@pytest.mark.parametrize(
    ("status", "original"),
    [
        (429, "too many"),
        (429, {"error": "Model is overloaded", "error_type": "overloaded"}),
        (503, {"error": "Model is overloaded", "error_type": "overloaded"}),
        (500, {"error": {"message": "busy", "type": "overloaded_error"}}),
    ],
)
def test_overloaded(status: int, original: Any) -> None:
    """A container that has too much to do makes a 429 with `Retry-After`."""
    error = said(status, original)
    assert (type(error), error.status, error.retryable) == (Throttled, 429, True)
    assert error.retry_after


@pytest.mark.parametrize(
    "body",
    [
        {"OriginalStatusCode": 0, "OriginalMessage": WALL, "Message": "m"},
        {"OriginalStatusCode": 0},
        {"OriginalStatusCode": "0"},
        {"Message": f'Received server error (0) from model with message "{WALL}"'},
        {"OriginalStatusCode": 500, "OriginalMessage": WALL},
    ],
)
def test_wall(body: dict[str, Any]) -> None:
    """The container's sixty seconds are a 504 with one clear sentence."""
    error = model_error(**body)
    assert (type(error), error.status, error.type) == (ModelTimeout, 504, "timeout_error")
    assert error.message == "The model did not answer within SageMaker's time limit."


def test_echo_of_the_wall() -> None:
    """A client fault that quotes the wall's sentence stays a client fault."""
    assert said(400, {"error": f"unexpected text: {WALL}"}).status == 400
    assert said(422, WALL).status == 422


@pytest.mark.parametrize(
    "text",
    [
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
        "request (4103 tokens) exceeds the available context size (4096 tokens), try increasing it",
        "Please use an instance type with more CPU capacity or memory.",
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_context_length(text: str, status: int) -> None:
    """A prompt that is too long is OpenAI's `context_length_exceeded`, whatever the status was."""
    error = said(status, {"error": text})
    assert (type(error), error.status, error.message) == (ContextLengthExceeded, 400, text)
    assert error.code == "context_length_exceeded"


def test_context_length_by_code() -> None:
    """A container that uses OpenAI's code is believed."""
    body = {"error": {"message": "long", "code": "context_length_exceeded", "param": "messages"}}
    error = said(400, body)
    assert isinstance(error, ContextLengthExceeded)
    assert error.param == "messages"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Message": "something"},
        {"OriginalStatusCode": None, "Message": None},
        {"OriginalStatusCode": True},
        {"OriginalStatusCode": [400], "OriginalMessage": {"a": 1}},
        {
            "OriginalStatusCode": 500,
            "Message": "Received server error (500) from primary and could not load the entire "
            "response body." + SEE,
        },
    ],
)
def test_unreadable(body: dict[str, Any]) -> None:
    """Without the container's own words there is a 502 with a general sentence (G3)."""
    error = model_error(**body)
    assert (type(error), error.status, error.retryable) == (UpstreamError, 502, False)
    assert error.message == "The model's container failed without a readable answer."


def test_body_that_is_no_json() -> None:
    """A 424 of something in between is a 502."""
    assert translate(424, {}, b"<html>", streaming=False).status == 502


@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        ('say "hi". See https://a', '". See https://x.console.aws.amazon.com/y for more.'),
        ('say "hi"', '".'),
        ('say "hi"', '"'),
    ],
)
def test_message_stands_in(sentence: str, end: str) -> None:
    """Without `OriginalMessage` the quoted part of AWS's sentence serves; so does its number."""
    inner = json.dumps({"error": {"message": sentence, "param": "n"}})
    error = model_error(
        Message=f'Received client error (422) from primary with message "{inner}{end}'
    )
    assert (error.status, error.param, error.message) == (422, "n", sentence)


def test_long_texts_are_cut() -> None:
    """A container's novel does not become ours."""
    assert len(said(400, {"error": "word " * 100_000}).message) < 5000
