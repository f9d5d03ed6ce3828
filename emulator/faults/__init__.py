"""Scripted faults: what may go wrong between a caller and a container, on demand."""

from typing import Annotated

from pydantic import Field

from emulator.faults.cuts import Cuts
from emulator.faults.disturbances import (
    CorruptedCrc,
    ErrorFrame,
    NoFinish,
    Reset,
    ResetMidStream,
    SlowFirstByte,
    SlowRecords,
    StreamError,
    StreamFailure,
    TruncatedFrame,
    UnknownEvent,
)
from emulator.faults.refusals import (
    AccessDenied,
    ExpiredToken,
    HtmlPage,
    InternalDependency,
    InternalFailure,
    ModelErrorFault,
    ModelNotReady,
    ModelUnreadable,
    NoCapacity,
    ServiceUnavailable,
    Throttling,
    UnknownOperation,
    ValidationErrorFault,
)

#: Every fault that can be scripted, told apart by its `fault` field.
Fault = Annotated[
    ValidationErrorFault
    | ModelErrorFault
    | ModelUnreadable
    | ModelNotReady
    | InternalFailure
    | ServiceUnavailable
    | InternalDependency
    | Throttling
    | AccessDenied
    | ExpiredToken
    | NoCapacity
    | UnknownOperation
    | HtmlPage
    | SlowFirstByte
    | SlowRecords
    | Reset
    | ResetMidStream
    | StreamError
    | StreamFailure
    | ErrorFrame
    | UnknownEvent
    | TruncatedFrame
    | CorruptedCrc
    | NoFinish
    | Cuts,
    Field(discriminator="fault"),
]

__all__ = ["Fault"]
