"""The errors that a caller can meet, as one tree.

    GatewayError                     status, type, code as class attributes
      Rejected                       ours to refuse: never retried, never cools a deployment down
        InvalidRequest        400
          UnsupportedParameter       the container can't take it; names the remedy
          UnsupportedTask            the endpoint's format has no such task
          ContextLengthExceeded      code context_length_exceeded
          PayloadTooLarge     413
        AuthenticationFailed  401
        PermissionDenied      403
        RouteNotFound         404
        MethodNotAllowed      405
        ModelNotFound         404    code model_not_found
        DeadlineExceeded      408
        RateLimited           429    retry_after
        BudgetExceeded        429    code budget_exceeded
        Overloaded            503    retry_after
      UpstreamError           502    AWS or the container failed
        EndpointNotFound      404    AWS does not know the configured endpoint or component
        Throttled             429    retry_after
        EndpointUnavailable   503    nothing serves now; retry_after
          EndpointCold               scaled to zero: it starts because it was asked, in minutes
            ModelLoading             on its way into memory, in seconds
        UpstreamTimeout       504    the container's or AWS's own wall
          ModelTimeout               SageMaker's 60 seconds for a plain call
        ModelError                   the container's own status; its message kept and scrubbed
        MalformedReply        502    a reply, or a stream, that is not what the format promises
        StreamingRefused      502    the endpoint can't stream: the signal for fake streaming
      FormatFailed            500    the deployment's format broke; code format_failed
    ConfigError                      start-up only: where, what was expected, did-you-mean

Knows what a client may be told; refuses to know HTTP frameworks and AWS's names
(`sagemaker/errors.py` translates those). Raise, never return.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class GatewayError(Exception):
    """An error with an OpenAI-shaped face.

    Args:
        message: One clear sentence for the client, already free of secrets, ARNs, account ids
            and paths.
        param: The request field at fault, in OpenAI's spelling (`messages[0].role`), or None.
        code: Overrides the class's code.
        status: Overrides the class's HTTP status.
        retry_after: Seconds after which a new try makes sense; sent as `Retry-After`.
        guessed: Nobody named `retry_after` but the gateway, for its clients.
        detail: What only the operator's log may see; never sent to a client.
        request_id: AWS's id of the call that failed, where there was one.

    The envelope is OpenAI's: https://platform.openai.com/docs/guides/error-codes
    """

    status: int = 500
    type: str = "internal_error"
    code: str | None = None
    #: Whether another try, or another deployment, may answer.
    retryable: bool = False
    #: Sent as `x-should-retry`, which the OpenAI SDKs obey; None leaves the choice to them.
    should_retry: bool | None = None

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        guessed: bool = False,
        retryable: bool | None = None,
        should_retry: bool | None = None,
        detail: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.guessed = guessed
        self.detail = detail
        self.request_id = request_id
        if status is not None:
            self.status = status
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable
        if should_retry is not None:
            self.should_retry = should_retry

    def envelope(self) -> dict[str, Any]:
        """Give OpenAI's error object; `code` is always a string: a name, or the status number."""
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code or str(self.status),
            }
        }


class Rejected(GatewayError):
    """Refused by the gateway itself: the client's own fault, or a limit."""


class InvalidRequest(Rejected):
    """The request is not one that OpenAI's schema, or this deployment, allows."""

    status = 400
    type = "invalid_request_error"


class UnsupportedParameter(InvalidRequest):
    """An OpenAI parameter that the container's dialect can't express."""

    code = "unsupported_parameter"


class UnsupportedTask(InvalidRequest):
    """A task (chat, embedding, ...) that the model's format does not have."""

    code = "unsupported_task"


class ContextLengthExceeded(InvalidRequest):
    """The prompt and the wanted answer do not fit into the model's context."""

    code = "context_length_exceeded"


class PayloadTooLarge(InvalidRequest):
    """The body is larger than the gateway, or SageMaker, takes."""

    status = 413
    code = "request_too_large"


class AuthenticationFailed(Rejected):
    """No key, or not one of ours."""

    status = 401
    type = "auth_error"


class PermissionDenied(Rejected):
    """The key is known but may not do this."""

    status = 403
    type = "permission_error"


class RouteNotFound(Rejected):
    """No such path."""

    status = 404
    type = "invalid_request_error"
    code = "not_found"


class MethodNotAllowed(Rejected):
    """The path exists, but not with this method."""

    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"


class ModelNotFound(Rejected):
    """The configuration has no such public model name."""

    status = 404
    type = "invalid_request_error"
    code = "model_not_found"


class DeadlineExceeded(Rejected):
    """The time that the configuration, or the client, allows has passed.

    Nobody should try again by itself: the container may still be working on the first call.
    """

    status = 408
    type = "timeout_error"
    should_retry = False

    @classmethod
    def after(cls, seconds: float, **details: Any) -> DeadlineExceeded:
        """Give the error for an answer that did not come within so many seconds."""
        return cls(f"No answer within {round(seconds, 3):g} s.", **details)


class RateLimited(Rejected):
    """One of the gateway's own limits."""

    status = 429
    type = "rate_limit_error"


class BudgetExceeded(Rejected):
    """The caller's key has spent what it may; a new try helps as little as with no money left."""

    status = 429
    type = "budget_exceeded"
    code = "budget_exceeded"
    should_retry = False


class Overloaded(Rejected):
    """The gateway has no room, or is going down."""

    status = 503
    type = "overloaded_error"


class UpstreamError(GatewayError):
    """AWS, or the way to it, failed; nothing that the client could change."""

    status = 502
    type = "upstream_error"


class EndpointNotFound(UpstreamError):
    """The configured endpoint or inference component does not exist in that account and region."""

    status = 404
    type = "invalid_request_error"
    code = "endpoint_not_found"


class Throttled(UpstreamError):
    """AWS, or the container, asks for fewer requests."""

    status = 429
    type = "rate_limit_error"
    retryable = True


class EndpointUnavailable(UpstreamError):
    """Nothing serves now: no capacity, model not ready, scaled to zero, AWS unavailable."""

    status = 503
    retryable = True


class EndpointCold(EndpointUnavailable):
    """Nothing serves yet, and something will: AWS itself says that it has to start."""


class ModelLoading(EndpointCold):
    """The model of a serverless or multi-model endpoint is on its way into memory."""


class UpstreamTimeout(UpstreamError):
    """No answer within AWS's own limit, or no connection to AWS in time."""

    status = 504
    type = "timeout_error"


class ModelTimeout(UpstreamTimeout):
    """The container did not answer a plain call within SageMaker's 60 seconds."""


class ModelError(UpstreamError):
    """The container answered with an error of its own; status and message are its own, scrubbed."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message, **details)
        if self.status == DeadlineExceeded.status:
            self.type = DeadlineExceeded.type
        elif self.status == HTTPStatus.FAILED_DEPENDENCY:
            self.type = UpstreamError.type  # containers say so when their own generation failed
        elif self.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self.type = InvalidRequest.type

    def advise(self, advice: str) -> None:
        """Add what helps, a whole sentence, behind the container's own words."""
        self.message = f"{self.message.rstrip('. ')}. {advice}"
        self.args = (self.message,)


class MalformedReply(UpstreamError):
    """The reply, or the stream, is not what the format promises."""


class StreamingRefused(UpstreamError):
    """The endpoint, or its container, does not offer the streaming operation."""


class FormatFailed(GatewayError):
    """The codec that the deployment's `format` names broke: the operator's business."""

    code = "format_failed"
    should_retry = False


class ConfigError(Exception):
    """The configuration can't be used; raised at start-up only.

    Args:
        message: What is wrong, what was expected, and the nearest right name where there is one.
        path: Keys and indices from the configuration's root to the place, e.g.
            `("model_list", 0, "litellm_params", "model")`; the loader turns it into file, line
            and column.
    """

    def __init__(self, message: str, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
