"""What SageMaker Runtime says when it says no: names, statuses, texts and body shapes.

One function per error of the service, with the ARNs, account ids and console addresses where AWS
puts them: clients' redaction is tested against them. Refuses to know when an error is due.

Sources: the service model of `sagemaker-runtime` (2017-05-13), the InvokeEndpoint and
InvokeEndpointWithResponseStream pages, and error texts that AWS's users have published.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

#: The longest `Message` and `OriginalMessage` in the service model.
MESSAGE_LIMIT = 2048

WALL_TEXT = (
    "Your invocation timed out while waiting for a response from container model. Review the "
    "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
NO_CAPACITY_TEXT = (
    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be "
    "in-progress (if configured) or try to increase the capacity by invoking "
    "UpdateInferenceComponentRuntimeConfig API."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where an invocation is addressed: the parts of an ARN."""

    region: str
    account: str
    endpoint: str
    component: str = ""

    @property
    def arn(self) -> str:
        """The ARN of the endpoint."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:endpoint/{self.endpoint}"

    @property
    def log_group(self) -> str:
        """The CloudWatch log group of the endpoint's container."""
        return f"/aws/sagemaker/Endpoints/{self.endpoint}"


class Refused(Exception):
    """An answer given in the container's place: an error of AWS, or a page of some proxy.

    Attributes:
        status: The HTTP status.
        name: The value of `x-amzn-ErrorType`; empty when the header is absent.
        content_type: The media type of `body`.
        retry_after: Whole seconds for `Retry-After`; None leaves it out.
        body: The bytes of the answer.

    Args:
        label: What the journal calls it; the name unless given.
    """

    def __init__(
        self, status: int, name: str, body: bytes, content_type: str, *, label: str = ""
    ) -> None:
        super().__init__(f"{status} {label or name}".rstrip())
        self.status = status
        self.name = name
        self.body = body
        self.content_type = content_type
        self.retry_after: int | None = None


def modelled(status: int, name: str, message: str, **fields: object) -> Refused:
    """An error of the service model: its text is in `Message`."""
    content = {**fields, "Message": message[:MESSAGE_LIMIT]}
    return Refused(status, name, orjson.dumps(content, option=orjson.OPT_SORT_KEYS), _JSON)


def unmodelled(status: int, name: str, message: str | None) -> Refused:
    """An error of AWS's front door: its text is in `message`, which may be null."""
    return Refused(status, name, orjson.dumps({"message": message}), _JSON)


def validation_error(message: str, code: str = "") -> Refused:
    """400: a bad name, an unknown endpoint, a missing component, no capacity."""
    fields = {"ErrorCode": code} if code else {}
    return modelled(400, "ValidationError", message, **fields)


def endpoint_not_found(location: Location) -> Refused:
    """400, with the account id in the text as AWS has it."""
    return validation_error(
        f"Endpoint {location.endpoint} of account {location.account} not found.",
        "NO_SUCH_ENDPOINT",
    )


def body_too_large(limit: int) -> Refused:
    """413 without an error name, as the service's front door answers it (botocore: `413`)."""
    return unmodelled(413, "", f"HTTP content length exceeded {limit} bytes.")


def unknown_operation() -> Refused:
    """404: no such route."""
    return unmodelled(404, "UnknownOperationException", None)


def access_denied(location: Location, user: str) -> Refused:
    """403, naming the caller's ARN and the endpoint's."""
    message = (
        f"User: arn:aws:sts::{location.account}:{user} is not authorized to perform: "
        f"sagemaker:InvokeEndpoint on resource: {location.arn} because no identity-based policy "
        "allows the sagemaker:InvokeEndpoint action"
    )
    return modelled(403, "AccessDeniedException", message)


def expired_token() -> Refused:
    """403: a temporary credential past its life."""
    text = "The security token included in the request is expired"
    return unmodelled(403, "ExpiredTokenException", text)


def model_error(location: Location, status: int, original: str) -> Refused:
    """424: the container answered `status` with the text `original`.

    Status 0 means that it did not answer within the service's own wall; then the text is AWS's.
    """
    text = original if status else WALL_TEXT
    message = _quote(
        f'{_received(location, status)} with message "',
        text,
        f'". {_see_logs(location)}',
    )
    return modelled(
        424,
        "ModelError",
        message,
        ErrorCode=_error_code(status),
        LogStreamArn=f"arn:aws:logs:{location.region}:{location.account}:log-group:"
        f"{location.log_group}",
        OriginalMessage=text[:MESSAGE_LIMIT],
        OriginalStatusCode=status,
    )


def model_unreadable(location: Location, status: int) -> Refused:
    """424 without the original fields: AWS could not read what the container answered."""
    message = (
        f"{_received(location, status)} and could not load the entire response body. "
        f"{_see_logs(location)}"
    )
    return modelled(424, "ModelError", message, ErrorCode=_error_code(status))


def html_page(status: int) -> Refused:
    """The page of a proxy between the caller and AWS: not an error of AWS at all."""
    page = (
        f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center>"
        "<hr><center>nginx</center></body></html>"
    )
    return Refused(status, "", page.encode(), "text/html")


def stream_fault(code: str, message: str) -> Mapping[str, str]:
    """The fields of an in-stream `ModelStreamError`."""
    return {"Message": message, "ErrorCode": code}


def _is_client_error(status: int) -> bool:
    return 400 <= status < 500  # noqa: PLR2004  # HTTP's own class boundaries


def _error_code(status: int) -> str:
    return "CLIENT_ERROR_FROM_MODEL" if _is_client_error(status) else "INTERNAL_FAILURE_FROM_MODEL"


def _received(location: Location, status: int) -> str:
    side = "client" if _is_client_error(status) else "server"
    return f"Received {side} error ({status}) from {location.component or 'primary'}"


def _see_logs(location: Location) -> str:
    return (
        f"See https://{location.region}.console.aws.amazon.com/cloudwatch/home?region="
        f"{location.region}#logEventViewer:group={location.log_group} in account "
        f"{location.account} for more information."
    )


def _quote(before: str, text: str, after: str) -> str:
    """Shortens the quoted text, never what stands around it, to the limit of `Message`."""
    return before + text[: max(0, MESSAGE_LIMIT - len(before) - len(after))] + after


_JSON = "application/json"
