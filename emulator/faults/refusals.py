"""Faults that answer in the container's place: AWS's errors, each by the name scripts use."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from emulator import errors
from emulator.errors import Location, Refused
from emulator.faults.base import Refusal

Status = Annotated[int, Field(ge=200, le=599)]


class ValidationErrorFault(Refusal):
    """400 `ValidationError` with a given text."""

    fault: Literal["validation_error"]
    message: str = "1 validation error detected."

    def refused(self, location: Location, user: str) -> Refused:
        """The error; nobody is named but in the given text."""
        del location, user
        return errors.validation_error(self.message)


class ModelErrorFault(Refusal):
    """424 `ModelError`; status 0 is the service's own 60-second wall and brings AWS's text."""

    fault: Literal["model_error"]
    status: Literal[0] | Status = 500
    message: str = '{"error":"Incomplete generation","error_type":"incomplete_generation"}'

    def refused(self, location: Location, user: str) -> Refused:
        """The error, with the container's status and body as the originals."""
        del user
        return errors.model_error(location, self.status, self.message)


class ModelUnreadable(Refusal):
    """424 `ModelError` without the original fields."""

    fault: Literal["model_unreadable"]
    status: Status = 400

    def refused(self, location: Location, user: str) -> Refused:
        """The error, telling the container's status in its text only."""
        del user
        return errors.model_unreadable(location, self.status)


class _Plain(Refusal):
    """A modelled error that has a text and nothing else."""

    http_status: ClassVar[int]
    error_name: ClassVar[str]
    message: str

    def refused(self, location: Location, user: str) -> Refused:
        """The error with its text."""
        del location, user
        return errors.modelled(self.http_status, self.error_name, self.message)


class ModelNotReady(_Plain):
    """429: a serverless or multi-model endpoint that is still loading."""

    http_status: ClassVar[int] = 429
    error_name: ClassVar[str] = "ModelNotReadyException"
    fault: Literal["model_not_ready"]
    message: str = "Model is not ready for inference yet. Please wait and try your request again."


class InternalFailure(_Plain):
    """500 on AWS's side."""

    http_status: ClassVar[int] = 500
    error_name: ClassVar[str] = "InternalFailure"
    fault: Literal["internal_failure"]
    message: str = "An internal failure occurred."


class ServiceUnavailable(_Plain):
    """503 on AWS's side."""

    http_status: ClassVar[int] = 503
    error_name: ClassVar[str] = "ServiceUnavailable"
    fault: Literal["service_unavailable"]
    message: str = "The service is currently unavailable. Please try your call again."


class InternalDependency(_Plain):
    """530 on AWS's side."""

    http_status: ClassVar[int] = 530
    error_name: ClassVar[str] = "InternalDependencyException"
    fault: Literal["internal_dependency"]
    message: str = "Your request caused an exception with an internal dependency."


class Throttling(Refusal):
    """400 with a throttling name and, as seen on the live service, no text at all."""

    fault: Literal["throttling"]
    code: str = "ThrottlingException"
    status: Status = 400
    message: str | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None

    def refused(self, location: Location, user: str) -> Refused:
        """The error under the configured throttling name, with advice when to come again."""
        del location, user
        refusal = errors.unmodelled(self.status, self.code, self.message)
        refusal.retry_after = self.retry_after
        return refusal


class AccessDenied(Refusal):
    """403 that names the caller's ARN and the endpoint's."""

    fault: Literal["access_denied"]

    def refused(self, location: Location, user: str) -> Refused:
        """The error with both ARNs."""
        return errors.access_denied(location, user)


class ExpiredToken(Refusal):
    """403 `ExpiredTokenException`."""

    fault: Literal["expired_token"]

    def refused(self, location: Location, user: str) -> Refused:
        """The error; it names nobody."""
        del location, user
        return errors.expired_token()


class NoCapacity(Refusal):
    """400 of an inference component that is scaled to zero."""

    fault: Literal["no_capacity"]

    def refused(self, location: Location, user: str) -> Refused:
        """The error with the exact sentence of the service."""
        del location, user
        return errors.validation_error(errors.NO_CAPACITY_TEXT)


class UnknownOperation(Refusal):
    """404, as from a host that does not serve the operation."""

    fault: Literal["unknown_operation"]

    def refused(self, location: Location, user: str) -> Refused:
        """The error; it names nobody."""
        del location, user
        return errors.unknown_operation()


class HtmlPage(Refusal):
    """An HTML page of a proxy in between; with status 200 it poses as an answer."""

    fault: Literal["html_page"]
    status: Status = 502

    def refused(self, location: Location, user: str) -> Refused:
        """The page."""
        del location, user
        return errors.html_page(self.status)
