"""The container's own error, out of SageMaker's `ModelError` (424).

Knows AWS's wrapping; what the container's words mean is `adapters.complaint`'s business. They may
quote the request, so the log is told where they are and not what they are.

ModelError: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapters.complaint import container_error, read_text
from adapters.errors import GatewayError, ModelTimeout, UpstreamError
from adapters.redaction import without_secrets
from adapters.sagemaker.fault import listed, short_name

_CLIENT_FAULTS = range(400, 500)
_UNREADABLE = "could not load the entire response body"
_WALL = "Your invocation timed out while waiting for a response from container"
_LOGS = re.compile(r"arn:aws[\w-]{0,20}:logs:[\w:/.$\[\]*-]{1,1024}")
_STATUS_IN_TEXT = re.compile(r"Received (?:client|server) error \((\d{1,3})\)")


def unwrap(document: Mapping[str, Any], retry_after: float | None) -> GatewayError:
    """Turn the body of a 424 into the container's own error.

    Args:
        document: AWS's body; `OriginalStatusCode`, `OriginalMessage`, `Message` may be missing.
        retry_after: Seconds, from AWS's header.
    """
    wrapper = _string(document.get("Message")) or _string(document.get("message"))
    status = _original_status(document.get("OriginalStatusCode"), wrapper)
    text = _string(document.get("OriginalMessage")) or _quoted(wrapper)
    complaint = read_text(text)
    detail = listed(
        "ModelError",
        "" if status is None else f"container's status {status}",
        short_name(complaint.kind),
        _logs(document.get("LogStreamArn")),
    )
    if status == 0 or (status not in _CLIENT_FAULTS and text.startswith(_WALL)):
        return ModelTimeout(
            "The model did not answer within SageMaker's time limit.", detail=detail
        )
    # What is quoted may itself quote AWS: a prompt that a container repeats.
    if status is None or _UNREADABLE in wrapper.partition('with message "')[0]:
        return UpstreamError(
            "The model's container failed without a readable answer.", detail=detail
        )
    return container_error(complaint, status, retry_after=retry_after, detail=detail)


def _original_status(value: Any, wrapper: str) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value[:4])
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _STATUS_IN_TEXT.search(wrapper)
    return int(match[1]) if match else None


def _logs(value: Any) -> str:
    """Give the place of the container's own log, where its words are; empty if it is none."""
    if isinstance(value, str) and _LOGS.fullmatch(value):
        return without_secrets(value)
    return ""


def _quoted(wrapper: str) -> str:
    """Give what AWS's sentence quotes: between `with message "` and the last `". See https://`."""
    _, mark, rest = wrapper.partition('with message "')
    if not mark:
        return ""
    head, mark, _ = rest.rpartition('". See https://')
    return head if mark else rest.removesuffix(".").removesuffix('"')


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
