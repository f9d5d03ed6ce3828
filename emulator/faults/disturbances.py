"""Faults that act on an answer under way: slow, broken off, damaged.

`after` counts the frames that are delivered whole before the fault happens.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt

from emulator import frames
from emulator.errors import stream_fault
from emulator.faults.base import ConnectionLost, Disturbance

Seconds = Annotated[float, Field(gt=0, le=3600)]

#: What ends an answer: `[DONE]`, a finish reason, or the whole text in a last record.
_FINISH = re.compile(
    rb'^data: ?\[DONE\]|(?<!\\)"(finish[_ ]reason|generated_text)": ?"', re.MULTILINE
)


class SlowFirstByte(Disturbance):
    """The container takes its time before it answers."""

    fault: Literal["slow_first_byte"]
    seconds: Seconds = 5.0

    async def before(self) -> None:
        """Waits."""
        await asyncio.sleep(self.seconds)


class SlowRecords(Disturbance):
    """The container pauses between its records."""

    streams_only: ClassVar[bool] = True
    fault: Literal["slow_records"]
    seconds: Seconds = 0.1

    async def records(self, records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Waits before every record but the first."""
        first = True
        async for record in records:
            if not first:
                await asyncio.sleep(self.seconds)
            first = False
            yield record


class Reset(Disturbance):
    """The TCP connection is reset before the first byte of the answer."""

    fault: Literal["reset"]

    async def before(self) -> None:
        """Breaks the connection."""
        raise ConnectionLost


class ResetMidStream(Disturbance):
    """The TCP connection is reset in the middle of the answer."""

    fault: Literal["reset_mid_stream"]
    after: NonNegativeInt = 3

    async def midway(self) -> None:
        """Breaks the connection in the middle of the body."""
        raise ConnectionLost

    async def frames(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Breaks the connection in the middle of frame number `after`, counted from 0."""
        number = 0
        async for frame in frames:
            if number == self.after:
                yield frame[: len(frame) // 2]
                raise ConnectionLost
            number += 1
            yield frame


class _Ending(Disturbance, ABC):
    """Ends the stream after some frames, with a last frame of its own."""

    streams_only: ClassVar[bool] = True
    frames_only: ClassVar[bool] = True
    after: NonNegativeInt = 3

    @abstractmethod
    def last(self, frame: bytes) -> bytes:
        """What is sent in the place of `frame`."""

    async def frames(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Replaces frame number `after` and drops what follows."""
        number = 0
        async for frame in frames:
            if number == self.after:
                yield self.last(frame)
                return
            number += 1
            yield frame


class StreamError(_Ending):
    """An in-stream `ModelStreamError`."""

    fault: Literal["stream_error"]
    code: Literal["StreamBroken", "ModelInvocationTimeExceeded"] = "StreamBroken"
    message: str = "The stream was broken before the model finished its answer."

    def last(self, frame: bytes) -> bytes:
        """The exception frame."""
        del frame
        return frames.exception("ModelStreamError", stream_fault(self.code, self.message))


class StreamFailure(_Ending):
    """An in-stream `InternalStreamFailure`."""

    fault: Literal["stream_failure"]
    message: str = "An internal stream failure occurred."

    def last(self, frame: bytes) -> bytes:
        """The exception frame."""
        del frame
        return frames.exception("InternalStreamFailure", {"Message": self.message})


class ErrorFrame(_Ending):
    """An unmodelled `error` frame."""

    fault: Literal["error_frame"]
    code: str = "InternalError"
    message: str = "An internal server error occurred."

    def last(self, frame: bytes) -> bytes:
        """The error frame."""
        del frame
        return frames.error(self.code, self.message)


class TruncatedFrame(_Ending):
    """The HTTP body ends cleanly, but in the middle of a frame."""

    fault: Literal["truncated_frame"]

    def last(self, frame: bytes) -> bytes:
        """Half of the frame."""
        return frame[: len(frame) // 2]


class CorruptedCrc(Disturbance):
    """One frame has a wrong checksum; the stream goes on."""

    streams_only: ClassVar[bool] = True
    frames_only: ClassVar[bool] = True
    fault: Literal["corrupted_crc"]
    after: NonNegativeInt = 3
    crc: Literal["message", "prelude"] = "message"

    async def frames(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Flips the lowest bit of the checksum of frame number `after`."""
        number = 0
        async for frame in frames:
            yield self._damaged(frame) if number == self.after else frame
            number += 1

    def _damaged(self, frame: bytes) -> bytes:
        damaged = bytearray(frame)
        damaged[-1 if self.crc == "message" else frames.PRELUDE - 1] ^= 1
        return bytes(damaged)


class UnknownEvent(Disturbance):
    """An event of a type that no client knows stands between two others."""

    streams_only: ClassVar[bool] = True
    frames_only: ClassVar[bool] = True
    fault: Literal["unknown_event"]
    after: NonNegativeInt = 3

    async def frames(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Puts the event in front of frame number `after`."""
        number = 0
        async for frame in frames:
            if number == self.after:
                yield _UNKNOWN
            number += 1
            yield frame


class NoFinish(Disturbance):
    """The stream ends on a frame's boundary, but before the container's finish mark."""

    streams_only: ClassVar[bool] = True
    fault: Literal["no_finish"]

    async def records(self, records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Drops the record that finishes the answer and what follows it."""
        async for record in records:
            if _FINISH.search(record):
                return
            yield record


_UNKNOWN = frames.event("FutureEvent", b"ignore me")
