"""What a container says when it fails, in the shapes that containers use, and where that belongs.

Knows the error bodies of TGI, TEI, vLLM, SGLang, LMI, FastAPI and OpenAI, however they came: as a
whole reply, as a record of a stream, or quoted by AWS. Refuses to know AWS's own errors.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

import orjson

from adapters.errors import (
    ContextLengthExceeded,
    GatewayError,
    MalformedReply,
    ModelError,
    Throttled,
)
from adapters.nesting import parse
from adapters.redaction import scrub
from adapters.value import value

#: Seconds to wait after "too many" or "not now" without a `Retry-After`.
DEFAULT_RETRY_AFTER: Final = 5.0

_MAX_MESSAGE_LENGTH: Final = 4096
_CONTEXT_SIGNALS: Final = (
    "`inputs` tokens + `max_new_tokens` must be <=",
    "maximum context length",
    "exceeds the available context size",
    "instance type with more CPU capacity or memory",
)
_TOO_MANY: Final = HTTPStatus.TOO_MANY_REQUESTS.value
_BAD_GATEWAY: Final = HTTPStatus.BAD_GATEWAY.value
_STATUS_DIGITS: Final = 3
_CLIENT_FAULTS: Final = range(400, 500)
_SERVER_FAULTS: Final = {status.value for status in HTTPStatus if status.value in range(500, 600)}
#: The statuses of TGI's and TEI's error types; every other type is the server's own fault.
_STATUS_BY_KIND: Final = {
    "overloaded": 429,
    "overloaded_error": 429,
    "missing_template_variable": 422,
    "template_error": 422,
    "tool_error": 422,
    "validation": 422,
}
#: A JSON message that AWS cut at 2048 characters.
_CUT_MESSAGE: Final = re.compile(r'"(?:message|error|detail)"\s{0,4}:\s{0,4}"((?:[^"\\]++|\\.)*+)')
_CODE: Final = re.compile(r"[A-Za-z_][\w.-]{0,63}")
_PARAM: Final = re.compile(r"[\w.\[\]-]{1,128}")


@value(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A container's error body, whatever its shape was; the message is scrubbed."""

    message: str = ""
    #: TGI's `error_type`, OpenAI's `type`.
    kind: str = ""
    code: str | None = None
    param: str | None = None
    #: The status that the body itself names.
    status: int | None = None


def is_complaint(body: Any) -> bool:
    """Tell whether a parsed reply or record reports a failure."""
    return isinstance(body, dict) and (
        body.get("error") is not None or body.get("object") == "error"
    )


def read_text(text: str) -> Complaint:
    """Read a container's error body, JSON of any known shape or plain text."""
    try:
        body = parse(text.encode(errors="replace"))
    except MalformedReply:  # nobody's error body nests so
        return Complaint()
    except orjson.JSONDecodeError:
        if text.lstrip().startswith("<"):  # a web server's page says nothing to a client
            return Complaint()
        if not text.lstrip().startswith(("{", "[")):
            return Complaint(message=_clean(text))
        cut = _CUT_MESSAGE.search(text)  # what else is in it may be the request's own words
        return Complaint(message=_clean(cut[1])) if cut else Complaint()
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
    said = map(_readable, (fields.get("message") or fields.get("Message"), inner))
    message = ": ".join(dict.fromkeys(filter(None, said))) or _readable(body.get("detail"))
    return Complaint(
        message=_clean(message),
        kind=(_string(body.get("error_type")) or _string(fields.get("type"))).lower(),
        code=_matching(_CODE, fields.get("code")),
        param=_matching(_PARAM, fields.get("param")),
        status=_status(fields.get("code")),
    )


def container_error(
    complaint: Complaint,
    status: int | None = None,
    *,
    retry_after: float | None = None,
    detail: str | None = None,
) -> GatewayError:
    """Give a container's error its place in the tree.

    Args:
        complaint: What it said.
        status: The container's HTTP status; None where it failed inside a 200.
        retry_after: Seconds, where anybody named them.
        detail: What the log may say of it: never the container's own text.
    """
    status = status or complaint.status or _STATUS_BY_KIND.get(complaint.kind, _BAD_GATEWAY)
    message = complaint.message or f"The model's container answered with status {status}."
    if _is_context_length(complaint):
        return ContextLengthExceeded(message, param=complaint.param, detail=detail)
    if _TOO_MANY in (status, _STATUS_BY_KIND.get(complaint.kind)):
        return Throttled(
            message,
            code=complaint.code,
            param=complaint.param,
            retry_after=retry_after or DEFAULT_RETRY_AFTER,
            guessed=retry_after is None,
            detail=detail,
        )
    if status not in _CLIENT_FAULTS and status not in _SERVER_FAULTS:
        status = _BAD_GATEWAY
    guessed = retry_after is None
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after = retry_after or DEFAULT_RETRY_AFTER
    return ModelError(
        message,
        status=status,
        code=complaint.code,
        param=complaint.param,
        retry_after=retry_after,
        guessed=guessed,
        retryable=status not in _CLIENT_FAULTS,
        detail=detail,
    )


def _is_context_length(complaint: Complaint) -> bool:
    return complaint.code == "context_length_exceeded" or any(
        signal in complaint.message for signal in _CONTEXT_SIGNALS
    )


def _status(code: Any) -> int | None:
    """Give the status that a body's `code` is, as a number or its text."""
    if isinstance(code, str) and len(code) == _STATUS_DIGITS and code.isdecimal():
        code = int(code)
    if isinstance(code, int) and (code in _CLIENT_FAULTS or code in _SERVER_FAULTS):
        return code
    return None


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


def _clean(text: str) -> str:
    return scrub(text[:_MAX_MESSAGE_LENGTH])


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
