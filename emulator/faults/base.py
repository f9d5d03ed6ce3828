"""The two families of faults: refusals answer in the container's place, disturbances act on it.

Knows the stages at which an answer can be disturbed. Refuses to know HTTP and configuration files.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from emulator.errors import Location, Refused

Operation = Literal["invoke", "stream"]


class ConnectionLost(Exception):
    """The script says that the TCP connection is reset now."""


class Scripted(BaseModel):
    """A fault and how often it happens.

    Attributes:
        times: How many invocations it hits; `None` means all of them.
        lasts: Seconds from the first invocation that it hits to its end; `None` means no end.
        operation: The only operation that it hits; `None` means both.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    streams_only: ClassVar[bool] = False
    #: It acts on event-stream frames, which the native OpenAI path does not have.
    frames_only: ClassVar[bool] = False

    times: PositiveInt | None = None
    lasts: PositiveFloat | None = None
    operation: Operation | None = None

    def concerns(self, operation: Operation, *, framed: bool = True) -> bool:
        """Whether an invocation by this operation is hit; `framed` streams are event streams."""
        if self.streams_only and operation != "stream":
            return False
        if self.frames_only and not framed:
            return False
        return self.operation in {None, operation}


class Refusal(Scripted, ABC):
    """Answers in the container's place."""

    @abstractmethod
    def refused(self, location: Location, user: str) -> Refused:
        """The answer, naming the endpoint and the caller as AWS does."""


class Disturbance(Scripted):
    """Acts on an answer at some stage; each stage leaves it alone unless overridden.

    A streamed answer passes from `records` (chunks as the container sent them) through `parts`
    (the payload of each frame) and `frames` (encoded) to `writes` (what one HTTP write holds).
    On the native OpenAI path a part is its own frame and its own write.
    """

    async def before(self) -> None:
        """Happens before the container is asked."""

    async def midway(self) -> None:
        """Happens between the two halves of an answer that is not streamed."""

    def records(self, records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Acts on the container's own chunks."""
        return records

    def parts(self, records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Acts on the slicing of the bytes into frames."""
        return records

    def frames(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Acts on encoded frames."""
        return frames

    def writes(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Acts on the slicing of the frames into HTTP writes."""
        return frames
