"""What all containers have in common: JSON both ways, and replies of shapes that nobody knows."""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapters.base import Reply, Target
from adapters.complaint import container_error, is_complaint, read_body
from adapters.errors import (
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    PayloadTooLarge,
)
from adapters.nesting import parse
from adapters.redaction import scrub

#: Keys are words of a dialect; a reply that has data as keys is not shown as a whole.
_MAX_NAMES: Final = 10
_MAX_NAME_LENGTH: Final = 40
_UNKNOWN: Final = "this is no shape that the model's format knows."


def parse_reply(reply: Reply) -> Any:
    """Parse a whole reply.

    Raises:
        MalformedReply: it is not JSON, or nested too deeply; its text is never shown.
    """
    try:
        return parse(reply.body)
    except orjson.JSONDecodeError as error:
        kind = scrub(reply.head.content_type[:_MAX_NAME_LENGTH]) or "unknown content type"
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
            "The request is nested too deeply, or has a number that is too large.",
            param="request_body",
            code="invalid_value",
        ) from error


def check_size(body: bytes, target: Target) -> None:
    """Let a body pass that the target takes.

    Raises:
        PayloadTooLarge: it is too large; nothing is to be sent.
    """
    if len(body) > target.max_payload_bytes:
        raise PayloadTooLarge(
            f"The request is too large for the model: {len(body)} bytes, "
            f"and at most {target.max_payload_bytes} are taken."
        )


def unknown_shape(value: Any) -> GatewayError:
    """Give the error for a reply that is no answer.

    That is the container's own error where it reports one; else what was seen is named, never the
    contents.
    """
    if is_complaint(value):
        return container_error(read_body(value))
    if isinstance(value, list) and value:
        return MalformedReply(f"The container answered an array of {_seen(value[0])}; {_UNKNOWN}")
    return MalformedReply(f"The container answered {_seen(value)}; {_UNKNOWN}")


def _seen(value: Any) -> str:
    if isinstance(value, dict):
        names = [str(name)[:_MAX_NAME_LENGTH] for name in list(value)[:_MAX_NAMES]]
        return scrub(f"objects with the keys [{', '.join(sorted(names))}]")
    if isinstance(value, list):
        return "arrays"
    return {str: "text", bool: "true or false", type(None): "null"}.get(type(value), "numbers")


def failed_generation() -> GatewayError:
    """Give the error for an answer whose finish reason is a failure."""
    return ModelError("The model's container failed to generate an answer.", retryable=True)
