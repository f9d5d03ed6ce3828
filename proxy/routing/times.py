"""The times that a deployment's requests may take."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Final

from adapters.base import Limits
from adapters.value import value
from proxy.routing.wishes import Wishes

#: The share of its time that is as good as all of it.
_NEARLY: Final = 0.9


@value(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds, each for a part of a request of its own.

    Args:
        total: Until a whole answer, or a stream's first chunk, is there: with all retries.
        connect: Of one try, until there is a connection.
        first_byte: Of one try, until the first byte of an answer; None: as long as it all may take.
        stream: Of one try, until a stream's first chunk, and between two; None: as `total`.
        idle: Between two parts of a stream, where that is not `stream`.
        longest_stream: From a stream's beginning to its end; None: as long as it goes on.
    """

    total: float = 600.0
    connect: float = 5.0
    first_byte: float | None = None
    stream: float | None = None
    idle: float | None = None
    longest_stream: float | None = None
    #: Of a first try at a whole answer, which has all the time.
    whole: Limits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write down what is the same for almost every whole answer."""
        object.__setattr__(self, "whole", self.of_answer(self.total))

    @property
    def silence(self) -> float:
        """Seconds that a stream may be silent."""
        return self.stream or self.total

    def wanted(self, wishes: Wishes) -> Times:
        """Give the times that a request asks for: it may shorten them."""
        if wishes.seconds is None and wishes.stream_seconds is None:
            return self
        return replace(
            self,
            total=_least(self.total, wishes.seconds),
            stream=_least(self.silence, wishes.stream_seconds),
            idle=None if self.idle is None else _least(self.idle, wishes.stream_seconds),
        )

    def of_answer(self, left: float) -> Limits:
        """Give the limits of a try at a whole answer, with so many seconds left."""
        first_byte = self.first_byte
        return Limits(
            connect=min(left, self.connect),
            first_byte=left if first_byte is None or left < first_byte else first_byte,
            idle=left,
            deadline=left,
        )

    def of_stream(self, left: float) -> Limits:
        """Give the limits of a try at a stream, with so many seconds left until its first chunk."""
        return Limits(
            connect=_least(left, self.connect),
            first_byte=_least(left, self.silence if self.first_byte is None else self.first_byte),
            idle=self.silence if self.idle is None else self.idle,
            deadline=self.longest_stream,
        )

    def are_cut(self, given: Limits, *, stream: bool, begun: bool) -> bool:
        """Tell whether a try has clearly less time than these give: being late says nothing then.

        Args:
            given: What it has: its request asked for less, or earlier tries used it up.
            stream: It is a stream.
            begun: Its first byte is there.
        """
        whole = self.of_stream(self.total) if stream else self.whole
        if begun:
            return given.idle < _NEARLY * whole.idle
        return given.first_byte < _NEARLY * whole.first_byte


def _least(seconds: float, other: float | None) -> float:
    return seconds if other is None else min(seconds, other)
