"""The book of faults that are still to happen, by endpoint.

Knows how often each fault has happened. Refuses to know what a fault does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from emulator.faults import Fault
from emulator.faults.base import Disturbance, Operation, Refusal


@dataclass(slots=True)
class _Entry:
    """A fault and the number of invocations that it will still hit; `None` means all."""

    fault: Fault
    left: int | None


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to one invocation: the disturbances do, unless there is a refusal."""

    refusal: Refusal | None
    disturbances: tuple[Disturbance, ...]


class FaultBook:
    """The faults of every endpoint: the configured ones first, then those added at run time."""

    def __init__(self, configured: Mapping[str, Iterable[Fault]]) -> None:
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
        due = [
            entry
            for entry in self._entries.get(endpoint, ())
            if entry.left != 0 and entry.fault.concerns(operation, framed=framed)
        ]
        for entry in due:
            if isinstance(entry.fault, Refusal):
                _use(entry)
                return Script(entry.fault, ())
        for entry in due:
            _use(entry)
        faults = (entry.fault for entry in due)
        return Script(None, tuple(fault for fault in faults if isinstance(fault, Disturbance)))

    def __iter__(self) -> Iterator[tuple[str, Fault, int | None]]:
        """Every fault still to happen: endpoint, fault, invocations left."""
        for endpoint, entries in self._entries.items():
            for entry in entries:
                if entry.left != 0:
                    yield endpoint, entry.fault, entry.left


def _use(entry: _Entry) -> None:
    if entry.left is not None:
        entry.left -= 1
