"""What a container says when it fails, in the shapes that containers use.

Knows SageMaker's `ModelError` (424) and the error bodies of TGI, TEI, vLLM, LMI, FastAPI and
OpenAI. AWS's own errors are in `errors.py`.

ModelError: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from adapters.errors import (
    ContextLengthExceeded,
    GatewayError,
    ModelError,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.sagemaker.redaction import scrub

#: Seconds to wait after "too many" or "not now" without a `Retry-After`.
DEFAULT_RETRY_AFTER = 5.0

_MAX_MESSAGE_LENGTH = 4096
_UNREADABLE = "could not load the entire response body"
_WALL = "Your invocation timed out while waiting for a response from container"
_STATUS_IN_TEXT = re.compile(r"Received (?:client|server) error \((\d{1,3})\)")
_CONTEXT_SIGNALS = (
    "`inputs` tokens + `max_new_tokens` must be <=",
    "maximum context length",
    "instance type with more CPU capacity or memory",
)
_CLIENT_FAULTS = range(400, 500)
_SERVER_FAULTS = {status.value for status in HTTPStatus if status.value in range(500, 600)}
_OVERLOADED_TYPES = {"overloaded", "overloaded_error"}
#: A JSON message that AWS cut at 2048 characters.
_CUT_MESSAGE = re.compile(r'"(?:message|error|detail)"\s{0,4}:\s{0,4}"((?:[^"\\]++|\\.)*+)')
_CODE = re.compile(r"[A-Za-z_][\w.-]{0,63}")
_PARAM = re.compile(r"[\w.\[\]-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A container's error body, whatever its shape was."""

    message: str = ""
    kind: str = ""
    code: str | None = None
    param: str | None = None


def unwrap(document: Mapping[str, Any], retry_after: float | None) -> GatewayError:
    """Turn the body of a 424 into the container's own error.

    Args:
        document: AWS's body; `OriginalStatusCode`, `OriginalMessage`, `Message` may be missing.
        retry_after: Seconds, from AWS's header.
    """
    wrapper = _string(document.get("Message")) or _string(document.get("message"))
    status = _original_status(document.get("OriginalStatusCode"), wrapper)
    text = _string(document.get("OriginalMessage")) or _quoted(wrapper)
    logs = _string(document.get("LogStreamArn"))
    detail = f"ModelError: {text or wrapper} {logs}"[:_MAX_MESSAGE_LENGTH].rstrip()
    if status == 0 or (status not in _CLIENT_FAULTS and text.startswith(_WALL)):
        return UpstreamTimeout(
            "The model did not answer within SageMaker's time limit.", detail=detail
        )
    if status is None or _UNREADABLE in wrapper or _UNREADABLE in text:
        return UpstreamError(
            "The model's container failed without a readable answer.", detail=detail
        )
    return container_error(status, read_complaint(text), retry_after=retry_after, detail=detail)


def container_error(
    status: int, complaint: Complaint, *, retry_after: float | None, detail: str
) -> GatewayError:
    """Give a container's error its place in the tree.

    Args:
        status: The container's own.
        complaint: What it said.
        retry_after: Seconds, or None.
        detail: The original, for the log.
    """
    message = complaint.message or f"The model's container answered with status {status}."
    if is_context_length(complaint):
        return ContextLengthExceeded(message, param=complaint.param, detail=detail)
    if status == HTTPStatus.TOO_MANY_REQUESTS or complaint.kind in _OVERLOADED_TYPES:
        return Throttled(
            message,
            code=complaint.code,
            param=complaint.param,
            retry_after=retry_after or DEFAULT_RETRY_AFTER,
            detail=detail,
        )
    if status not in _CLIENT_FAULTS and status not in _SERVER_FAULTS:
        status = HTTPStatus.BAD_GATEWAY.value
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after = retry_after or DEFAULT_RETRY_AFTER
    return ModelError(
        message,
        status=status,
        code=complaint.code,
        param=complaint.param,
        retry_after=retry_after,
        retryable=status not in _CLIENT_FAULTS,
        detail=detail,
    )


def is_context_length(complaint: Complaint) -> bool:
    """Tell whether the container says that the prompt is too long."""
    return complaint.code == "context_length_exceeded" or any(
        signal in complaint.message for signal in _CONTEXT_SIGNALS
    )


def read_complaint(text: str) -> Complaint:
    """Read a container's error body, JSON of any known shape or plain text; scrubbed."""
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        if text.lstrip().startswith("<"):  # a web server's page says nothing to a client
            return Complaint()
        cut = _CUT_MESSAGE.search(text) if text.lstrip().startswith("{") else None
        return Complaint(message=_clean(cut[1] if cut else text))
    return read_body(body)


def read_body(body: Any) -> Complaint:
    """Read a container's parsed error body.

    The shapes: `{"error": {"message", "type", "code", "param"}}` (OpenAI), `{"error",
    "error_type"}` (TGI, TEI), `{"object": "error", "message", ...}` (older vLLM), `{"code",
    "message", "error"}` (LMI), `{"detail"}` (FastAPI).
    """
    if isinstance(body, str):
        return Complaint(message=_clean(body))
    if not isinstance(body, dict):
        return Complaint()
    inner = body.get("error")
    fields = inner if isinstance(inner, dict) else body
    said = (fields.get("message"), inner, body.get("detail"), fields.get("Message"))
    message = next((text for text in map(_readable, said) if text), "")
    return Complaint(
        message=_clean(message),
        kind=_string(body.get("error_type")) or _string(fields.get("type")),
        code=_matching(_CODE, fields.get("code")),
        param=_matching(_PARAM, fields.get("param")),
    )


def _readable(value: Any) -> str:
    """Give the text of a message, or of FastAPI's list of `{"loc", "msg"}`."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(_readable, value)))
    if isinstance(value, dict):
        where = value.get("loc")
        place = ".".join(map(str, where)) if isinstance(where, list) else ""
        what = _string(value.get("msg"))
        return f"{place}: {what}" if place and what else what
    return _string(value)


def _original_status(value: Any, wrapper: str) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value[:4])
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _STATUS_IN_TEXT.search(wrapper)
    return int(match[1]) if match else None


def _quoted(wrapper: str) -> str:
    """Give what AWS's sentence quotes: between `with message "` and the last `". See https://`."""
    _, mark, rest = wrapper.partition('with message "')
    if not mark:
        return ""
    head, mark, _ = rest.rpartition('". See https://')
    return head if mark else rest.removesuffix(".").removesuffix('"')


def _clean(text: str) -> str:
    return scrub(text[:_MAX_MESSAGE_LENGTH])


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
