"""The one table of AWS's error names, and what each becomes in our tree.

Knows SageMaker Runtime's modelled errors, the unmodelled ones that arrive as well, and the faults
inside an event stream. What a container says inside a `ModelError` is read in `model_error.py`.

Errors: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
and https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from adapters.complaint import DEFAULT_RETRY_AFTER, container_error, read_body
from adapters.errors import (
    EndpointCold,
    EndpointNotFound,
    EndpointUnavailable,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelLoading,
    PayloadTooLarge,
    StreamingRefused,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.redaction import scrub
from adapters.sagemaker.event_stream import Message
from adapters.sagemaker.fault import (
    Fault,
    listed,
    read_fault,
    read_stream_fault,
    short_name,
)
from adapters.sagemaker.model_error import unwrap

#: Scaling out from nothing takes minutes; asking again sooner is asked for all the same, since the
#: refused request is what starts it.
_NO_CAPACITY_RETRY_AFTER = 30.0
_NO_CAPACITY = "Inference Component has no capacity"

_MAX_TEXT = 4096
_NOT_FOUND = re.compile(
    r"(?i)\s*(?:could not find\s+)?(?:the\s+)?(?:endpoint|inference component)\b[^\n]{0,200}?"
    r"(?:\bnot found\b|\bdoes not exist\b|\bcould not be found\b)"
    r"|\s*could not find\s+(?:the\s+)?(?:endpoint|inference component)\b"
)
_NO_STREAMING = re.compile(
    r"(?i)(?:stream\w*|operation)\b[^\n]{0,200}?"
    r"\b(?:not supported|unsupported|not support|not allowed)"
    r"|\b(?:not support|not supported|unsupported)\b[^\n]{0,200}?(?:stream|operation)"
)
_CLOCK_WORDS = re.compile(r"(?i)signature (?:not yet current|expired)|skew|clock|too (?:old|late)")

Translation = Callable[[Fault], GatewayError]


def translate(
    status: int, headers: Mapping[str, str], body: bytes, *, streaming: bool
) -> GatewayError:
    """Turn an answer other than 200 into an error of our tree.

    Args:
        status: The HTTP status.
        headers: Names compare without case, or are in lower case.
        body: As it came; never shown raw.
        streaming: The streaming operation was called.
    """
    return classify(read(status, headers, body, streaming=streaming))


def read(status: int, headers: Mapping[str, str], body: bytes, *, streaming: bool) -> Fault:
    """Take an answer other than 200 apart; the arguments are those of `translate`."""
    return read_fault(status, headers, body, streaming=streaming, known_names=_BY_NAME)


def classify(fault: Fault) -> GatewayError:
    """Give a fault its place in our tree."""
    known = _BY_NAME.get(fault.name) or _BY_STATUS.get(fault.status)
    if known is None and fault.streaming:
        known = _BY_STREAM_STATUS.get(fault.status)
    if known is None and fault.document is None:
        known = _unreadable
    if known is None and fault.name:
        known = _BY_SERVER_STATUS.get(fault.status, _unknown_name)
    if known is not None:
        return known(fault)
    # Neither AWS's nor unreadable: the word of a container behind a base URL.
    complaint = read_body(fault.document)
    detail = listed(fault.detail, short_name(complaint.kind))
    return container_error(complaint, fault.status, retry_after=fault.retry_after, detail=detail)


def translate_message(message: Message) -> GatewayError:
    """Turn an exception or error message of an event stream into an error of our tree."""
    fault = read_stream_fault(message)
    return _BY_NAME.get(fault.name, _broken_stream)(fault)


def _always(
    kind: type[GatewayError], message: str, *, retry_after: float | None = None, **face: Any
) -> Translation:
    """Give the translation that says the same of every fault.

    Args:
        kind: The error's class.
        message: What clients read.
        retry_after: Seconds, where AWS names none and coming again makes sense.
        **face: Further arguments of the class.
    """

    def translation(fault: Fault) -> GatewayError:
        seconds = None if retry_after is None else fault.retry_after or retry_after
        guessed = fault.retry_after is None
        return kind(message, retry_after=seconds, guessed=guessed, detail=fault.detail, **face)

    return translation


_throttled = _always(
    Throttled, "SageMaker asks for fewer requests.", retry_after=DEFAULT_RETRY_AFTER
)
_not_ready = _always(
    ModelLoading,
    "The model is still being loaded.",
    code="model_not_ready",
    retry_after=DEFAULT_RETRY_AFTER,
)
_unavailable = _always(
    EndpointUnavailable, "SageMaker is not available now.", retry_after=DEFAULT_RETRY_AFTER
)
_no_capacity = _always(
    EndpointCold,
    "The endpoint has no capacity now.",
    code="no_capacity",
    retry_after=_NO_CAPACITY_RETRY_AFTER,
)
_internal = _always(UpstreamError, "SageMaker had an internal error.", status=500, retryable=True)
_bad_gateway = _always(
    UpstreamError, "Something between the gateway and the model failed.", retryable=True
)
_timed_out = _always(UpstreamTimeout, "SageMaker did not answer in time.", retryable=True)
_container_wall = _always(
    UpstreamTimeout, "The model did not finish within SageMaker's time limit."
)
_broken_stream = _always(UpstreamError, "The model's answer was cut.", retryable=True)
_streaming_refused = _always(StreamingRefused, "The endpoint does not offer streaming.")
_too_large = _always(PayloadTooLarge, "The request is larger than SageMaker takes.")
_redirected = _always(
    UpstreamError, "The endpoint's address answered with a redirect, which is never followed."
)


def _model_error(fault: Fault) -> GatewayError:
    if fault.document is None:
        return _unreadable(fault)
    return unwrap(fault.document, fault.retry_after)


def _stream_error(fault: Fault) -> GatewayError:
    if fault.error_code == "ModelInvocationTimeExceeded":
        return _container_wall(fault)
    return _broken_stream(fault)


def _validation(fault: Fault) -> GatewayError:
    """AWS uses one name for many things; only its text tells them apart."""
    if fault.status == HTTPStatus.BAD_REQUEST and fault.message.startswith(_NO_CAPACITY):
        return _no_capacity(fault)
    if _NOT_FOUND.match(fault.message):
        return EndpointNotFound(scrub(fault.message[:_MAX_TEXT]), detail=fault.detail)
    if fault.streaming and _NO_STREAMING.search(fault.message):
        return _streaming_refused(fault)
    return InvalidRequest(
        scrub(fault.message[:_MAX_TEXT]) or "SageMaker refused the request.", detail=fault.detail
    )


def _unknown_operation(fault: Fault) -> GatewayError:
    return _streaming_refused(fault) if fault.streaming else _unknown_name(fault)


def _not_allowed(fault: Fault) -> GatewayError:
    """The gateway's own identity was refused: the operator's matter, and no retry helps."""
    hint = ""
    if _CLOCK_WORDS.search(fault.message):
        hint = " (is this machine's clock right? AWS refuses signatures that are minutes off)"
    return UpstreamError(
        f"AWS refused the gateway's own credentials or permissions ({fault.title}).",
        code=fault.name or None,
        should_retry=False,
        detail=fault.detail + hint,
    )


def _unreadable(fault: Fault) -> GatewayError:
    return MalformedReply(
        f"The answer with status {fault.status} is not one of SageMaker's.",
        retryable=fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        detail=fault.detail,
    )


def _unknown_name(fault: Fault) -> GatewayError:
    return UpstreamError(
        f"SageMaker answered with an error ({fault.title}).",
        code=fault.name or None,
        retryable=fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        detail=fault.detail,
    )


_BY_NAME: dict[str, Translation] = {
    # Modelled by SageMaker Runtime.
    "ValidationError": _validation,
    "ValidationException": _validation,
    "ModelError": _model_error,
    "ModelNotReadyException": _not_ready,
    "InternalFailure": _internal,
    "ServiceUnavailable": _unavailable,
    "InternalDependencyException": _unavailable,
    "ModelStreamError": _stream_error,
    "InternalStreamFailure": _broken_stream,
    # Not modelled, but sent.
    "InternalServerError": _internal,
    "InternalServerException": _internal,
    "ServiceUnavailableException": _unavailable,
    "RequestTimeout": _timed_out,
    "RequestTimeoutException": _timed_out,
    "SerializationException": _unknown_name,
    "UnknownOperationException": _unknown_operation,
    **dict.fromkeys(
        (
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "LimitExceededException",
            "SlowDown",
            "PriorRequestNotComplete",
            "BandwidthLimitExceeded",
        ),
        _throttled,
    ),
    **dict.fromkeys(
        (
            "AccessDenied",
            "AccessDeniedException",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "OptInRequired",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnauthorizedOperation",
            "UnrecognizedClientException",
        ),
        _not_allowed,
    ),
}

#: For answers without a name that the first table has.
_BY_STATUS: dict[int, Translation] = {
    **dict.fromkeys(range(300, 400), _redirected),
    401: _not_allowed,
    403: _not_allowed,
    408: _timed_out,
    413: _too_large,
    424: _model_error,
    429: _throttled,
    509: _throttled,
    529: _unavailable,
    530: _unavailable,
}

#: The streaming route itself is not there, although a missing endpoint would be a ValidationError.
_BY_STREAM_STATUS: dict[int, Translation] = {404: _streaming_refused, 405: _streaming_refused}

#: For AWS's own errors with a name that the first table lacks.
_BY_SERVER_STATUS: dict[int, Translation] = {
    500: _internal,
    502: _bad_gateway,
    503: _unavailable,
    504: _timed_out,
}
