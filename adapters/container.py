"""What all containers have in common: JSON both ways, errors of their own, unknown shapes.

Knows how vLLM, SGLang, TGI, TEI, LMI and FastAPI spell an error; refuses to know AWS's own errors.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapters.base import Reply
from adapters.errors import (
    ContextLengthExceeded,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    Throttled,
)
from adapters.sagemaker.redaction import scrub

#: What containers write when prompt and answer don't fit into the model's context.
_CONTEXT_SIGNS: Final = (
    "`inputs` tokens + `max_new_tokens` must be <=",
    "maximum context length",
    "instance type with more CPU capacity or memory",
)
#: The statuses of TGI's and TEI's error types; every other type is the server's own fault.
_STATUS_BY_TYPE: Final = {
    "overloaded": 429,
    "missing_template_variable": 422,
    "template_error": 422,
    "tool_error": 422,
    "validation": 422,
}
_FIRST_ERROR: Final = 400
_LAST_ERROR: Final = 599
_SERVER_ERROR: Final = 500
_TOO_MANY_REQUESTS: Final = 429
_BAD_GATEWAY: Final = 502
#: Containers that ask for fewer requests name no time; seconds.
_RETRY_AFTER: Final = 1.0


def parse_reply(reply: Reply) -> Any:
    """Parse a whole reply.

    Raises:
        MalformedReply: it is not JSON; its text is never shown.
    """
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        kind = reply.head.content_type or "unknown content type"
        raise MalformedReply(
            f"The container answered something else than JSON ({kind})."
        ) from error


def write_body(body: Any) -> bytes:
    """Write a request's body.

    Raises:
        InvalidRequest: it is nested deeper than can be written, although it could be read.
    """
    try:
        return orjson.dumps(body)
    except TypeError as error:
        raise InvalidRequest(
            "The request is nested too deeply.", param="request_body", code="invalid_value"
        ) from error


def unknown_shape(value: Any) -> MalformedReply:
    """Give the error for a reply that no format knows: names what was seen, never the contents."""
    if isinstance(value, list) and value:
        return MalformedReply(f"The container answered an array of {_seen(value[0])}; {_UNKNOWN}")
    return MalformedReply(f"The container answered {_seen(value)}; {_UNKNOWN}")


_UNKNOWN: Final = "this is no shape that the model's format knows."


def _seen(value: Any) -> str:
    if isinstance(value, dict):
        return f"objects with the keys [{', '.join(sorted(map(str, value)))}]"
    if isinstance(value, list):
        return "arrays"
    return {str: "text", bool: "true or false", type(None): "null"}.get(type(value), "numbers")


def container_error(value: Any, status: int | None = None) -> GatewayError:
    """Give the error for what a container said, with its own message, code and param.

    Args:
        value: The container's error: a parsed object in any of the known spellings, or plain text.
        status: The container's HTTP status, where one is known; else the object's own words decide.
    """
    fields = _fields(value)
    message = scrub(str(fields.get("message") or "")) or "The model container reported an error."
    status = status if _is_error(status) else _status(fields)
    if any(sign in message for sign in _CONTEXT_SIGNS):
        return ContextLengthExceeded(message, param=_text(fields.get("param")))
    if status == _TOO_MANY_REQUESTS:
        return Throttled(message, retry_after=_RETRY_AFTER)
    return ModelError(
        message,
        status=status,
        param=_text(fields.get("param")),
        code=_name(fields.get("code")),
        retryable=status is not None and status >= _SERVER_ERROR,
    )


def _fields(value: Any) -> dict[str, Any]:
    """Give message, type, param and code from any of the known spellings."""
    if not isinstance(value, dict):
        return {"message": value}
    error = value.get("error")
    if isinstance(error, dict):
        return error
    message = error or value.get("message") or _detail(value.get("detail"))
    if value.get("message") and error and error != value["message"]:
        message = f"{value['message']}: {error}"
    return {**value, "message": message, "type": value.get("error_type") or value.get("type")}


def _detail(detail: Any) -> Any:
    """Give FastAPI's `detail`: a text, or a list of findings with a `msg` each."""
    if isinstance(detail, list):
        return "; ".join(
            str(item.get("msg")) if isinstance(item, dict) else str(item) for item in detail
        )
    return detail


def _status(fields: dict[str, Any]) -> int:
    code = fields.get("code")
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if isinstance(code, int) and _is_error(code):
        return code
    return _STATUS_BY_TYPE.get(str(fields.get("type")).lower(), _BAD_GATEWAY)


def _is_error(status: int | None) -> bool:
    return status is not None and _FIRST_ERROR <= status <= _LAST_ERROR


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _name(code: Any) -> str | None:
    """Give a code that is a name; a number says no more than the status does."""
    return code if isinstance(code, str) and not code.isdecimal() else None
