"""The book of faults that are still to happen, by endpoint.

Knows how often each fault has happened. Refuses to know what a fault does.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from emulator.faults import Fault
from emulator.faults.base import Disturbance, Operation, Refusal


@dataclass(slots=True)
class _Entry:
    """A fault, the number of invocations that it will still hit, and its end.

    `None` means all of them, and no end or none yet.
    """

    fault: Fault
    left: int | None
    ends: float | None = None

    def is_due(self, now: float) -> bool:
        """Whether there is more of it to happen."""
        return self.left != 0 and (self.ends is None or now < self.ends)

    def use(self, now: float) -> None:
        """Has it happen once."""
        if self.left is not None:
            self.left -= 1
        if self.ends is None and self.fault.lasts is not None:
            self.ends = now + self.fault.lasts


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to one invocation: the disturbances do, unless there is a refusal."""

    refusal: Refusal | None
    disturbances: tuple[Disturbance, ...]


class FaultBook:
    """The faults of every endpoint: the configured ones first, then those added at run time.

    Attributes:
        configured: Those to begin with, by endpoint.
        clock: Seconds.
    """

    def __init__(
        self,
        configured: Mapping[str, Iterable[Fault]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._configured = {endpoint: tuple(faults) for endpoint, faults in configured.items()}
        self._entries: dict[str, list[_Entry]] = {}
        self.restore()

    def restore(self) -> None:
        """Goes back to the configured faults, counted anew."""
        self._entries = {
            endpoint: [_Entry(fault, fault.times) for fault in faults]
            for endpoint, faults in self._configured.items()
        }

    def add(self, endpoint: str, fault: Fault) -> None:
        """Adds a fault behind those that the endpoint has."""
        self._entries.setdefault(endpoint, []).append(_Entry(fault, fault.times))

    def take(self, endpoint: str, operation: Operation, *, framed: bool = True) -> Script:
        """Takes what happens to one invocation out of the book.

        The oldest refusal answers, and then nothing else is used up; without one, every
        disturbance acts.
        """
        now = self._clock()
        due = [
            entry
            for entry in self._entries.get(endpoint, ())
            if entry.is_due(now) and entry.fault.concerns(operation, framed=framed)
        ]
        for entry in due:
            if isinstance(entry.fault, Refusal):
                entry.use(now)
                return Script(entry.fault, ())
        for entry in due:
            entry.use(now)
        faults = (entry.fault for entry in due)
        return Script(None, tuple(fault for fault in faults if isinstance(fault, Disturbance)))

    def __iter__(self) -> Iterator[tuple[str, Fault, int | None]]:
        """Every fault still to happen: endpoint, fault, invocations left."""
        now = self._clock()
        for endpoint, entries in self._entries.items():
            for entry in entries:
                if entry.is_due(now):
                    yield endpoint, entry.fault, entry.left
