"""Hostile cuts: slices bytes where no client should have to expect it, losing none of them.

Each way of cutting works twice: on the container's bytes when they are put into frames, and on
the frames when they are written to the socket.
"""

import random
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from emulator.faults.base import Disturbance

#: From the records of an answer to the payloads, or from frames to writes.
Slicing = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]

_RANDOM = "random:"
_LONGEST_PART = 24
_LONGEST_WRITE = 96
_PRELUDE_EDGES = (4, 8, 12)
_INSIDE_CHARACTER = re.compile(rb"(?=[\x80-\xbf])")


class Cuts(Disturbance):
    """Cuts the container's bytes into frames, and frames into HTTP writes, adversarially."""

    streams_only: ClassVar[bool] = True
    fault: Literal["cuts"]
    cuts: Annotated[
        str, Field(pattern=r"^(every_byte|coalesced|utf8_split|empty_parts|random:\d+)$")
    ] = "every_byte"

    def parts(self, records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Slices the container's bytes."""
        return self._slicings()[0](records)

    def writes(self, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Slices the encoded frames."""
        return self._slicings()[1](frames)

    def _slicings(self) -> tuple[Slicing, Slicing]:
        if self.cuts.startswith(_RANDOM):
            seed = int(self.cuts.removeprefix(_RANDOM))
            return _at_random(seed, _LONGEST_PART), _at_random(seed, _LONGEST_WRITE)
        return _SLICINGS[self.cuts]


async def every_byte(records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """One byte a frame."""
    async for record in records:
        for byte in record:
            yield bytes((byte,))


async def wandering(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cuts each frame in two, at a place that moves by one byte from frame to frame."""
    number = 0
    async for frame in frames:
        place = 1 + number % (len(frame) - 1)
        yield frame[:place]
        yield frame[place:]
        number += 1


async def two_halves(records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The whole answer in two frames."""
    whole = b"".join([record async for record in records])
    yield whole[: len(whole) // 2]
    yield whole[len(whole) // 2 :]


async def joined(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """All frames in one write."""
    yield b"".join([frame async for frame in frames])


async def inside_characters(records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cuts before every continuation byte of UTF-8."""
    async for record in records:
        for piece in _INSIDE_CHARACTER.split(record):
            yield piece


async def with_empty(records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Frames without a payload before, between and after the others."""
    yield b""
    async for record in records:
        yield record
        yield b""


async def at_prelude_edges(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cuts each frame behind each field of its prelude."""
    async for frame in frames:
        start = 0
        for edge in _PRELUDE_EDGES:
            yield frame[start:edge]
            start = edge
        yield frame[start:]


def _at_random(seed: int, longest: int) -> Slicing:
    async def pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        lengths = _lengths(seed, longest)
        async for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                length = next(lengths)
                yield bytes(rest[:length])
                rest = rest[length:]

    return pieces


def _lengths(seed: int, longest: int) -> Iterator[int]:
    generator = random.Random(seed)  # noqa: S311  # repeatable cuts, not secrets
    while True:
        yield generator.randint(1, longest)


_SLICINGS: dict[str, tuple[Slicing, Slicing]] = {
    "every_byte": (every_byte, wandering),
    "coalesced": (two_halves, joined),
    "utf8_split": (inside_characters, wandering),
    "empty_parts": (with_empty, at_prelude_edges),
}
