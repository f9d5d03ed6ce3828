"""From readings to words: does anything grow?

Arithmetic; refuses to measure. What is filled once (caches, connections, the allocator's own
pieces) is filled in the first half; what still grows in the second does not end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from statistics import linear_regression
from typing import Final

from benchmarks.soak.reading import Reading, Soaked
from benchmarks.table import markdown

_MEGA, _MILLI, _HOUR, _MINUTE = 1e6, 1e3, 3600.0, 60.0
#: Bytes in an hour, and files, that are taken for none.
_UNNOTICED: Final = 0.5e6
_FEW_FILES: Final = 5.0
#: Readings that a line needs.
_FEWEST: Final = 3
_HEADER: Final = (
    *("minute", "visits", "RSS MB", "USS MB", "files", "threads", "requests"),
    *("streams", "calls", "tasks", "p99 ms", "CPU µs a visit"),
)


@dataclass(frozen=True, slots=True)
class Slope:
    """A line of best fit's, with its standard error."""

    each: float
    doubt: float

    def exceeds(self, unnoticed: float) -> bool:
        """Whether it is beyond what is taken for none, and beyond two standard errors."""
        return self.each > unnoticed and self.each > 2 * self.doubt


def slope(readings: Sequence[Reading], value: Callable[[Reading], float]) -> Slope:
    """Give what a value gains in an hour, over the second half of the readings.

    Args:
        readings: At least six.
        value: Gives the value.
    """
    half = readings[len(readings) // 2 :]
    if len(half) < _FEWEST:
        raise ValueError("too few readings for a line")
    hours, values = [each.at / _HOUR for each in half], list(map(value, half))
    line = linear_regression(hours, values)
    errors = (
        seen - line.slope * hour - line.intercept for hour, seen in zip(hours, values, strict=True)
    )
    middle = sum(hours) / len(hours)
    width = sum((hour - middle) ** 2 for hour in hours)
    squares = sum(error**2 for error in errors)
    return Slope(line.slope, sqrt(squares / (len(half) - 2) / width))


def verdict(soaked: Soaked) -> tuple[bool, str]:
    """Tell whether everything is flat, and what is or is not."""
    readings, rest = soaked.readings, soaked.rest
    found = [
        *_memory(readings),
        _files(readings, rest),
        _tasks(readings, rest),
        _left(rest),
        _right(rest, soaked.wrong),
    ]
    return all(good for good, _ in found), "\n".join(f"* {words}" for _, words in found)


def table(readings: Sequence[Reading]) -> str:
    """Give readings as a table of Markdown."""
    return markdown(_HEADER, [_line(each) for each in readings])


def _memory(readings: Sequence[Reading]) -> Iterator[tuple[bool, str]]:
    for name, value in (
        ("RSS", lambda each: each.resident),
        ("USS", lambda each: each.private),
    ):
        line = slope(readings, value)
        grows = line.exceeds(_UNNOTICED)
        gained = f"{line.each / _MEGA:+.2f} ± {line.doubt / _MEGA:.2f} MB an hour"
        yield not grows, f"{name} {'grows' if grows else 'is flat'}: {gained}"


def _files(readings: Sequence[Reading], rest: Reading) -> tuple[bool, str]:
    line = slope(readings, lambda each: each.files)
    grow = line.exceeds(_FEW_FILES)
    gained = f"{line.each:+.0f} ± {line.doubt:.0f} an hour"
    ends = f"{readings[0].files} before, {rest.files} once all had gone"
    return not grow, f"open files {'grow' if grow else 'are flat'}: {gained}; {ends}"


def _tasks(readings: Sequence[Reading], rest: Reading) -> tuple[bool, str]:
    before = readings[0].tasks
    gone = rest.tasks <= before
    return gone, f"{'no ' if gone else ''}tasks are left: {before} before, {rest.tasks} afterwards"


def _right(rest: Reading, wrong: Sequence[str]) -> tuple[bool, str]:
    if not wrong:
        return True, f"each of {rest.visits} visits went as it had to"
    return False, f"{len(wrong)} of {rest.visits} visits did not go as they had to: {wrong[0]}"


def _left(rest: Reading) -> tuple[bool, str]:
    counts = {"requests": rest.requests, "streams": rest.streams, "calls upstream": rest.tries}
    said = ", ".join(f"{count} {name}" for name, count in counts.items())
    good = not any(counts.values())
    return good, f"{'nothing' if good else 'something'} is left under way: {said}"


def _line(each: Reading) -> tuple[str, ...]:
    sizes = (f"{size / _MEGA:.1f}" for size in (each.resident, each.private))
    counts = map(
        str, (each.files, each.threads, each.requests, each.streams, each.tries, each.tasks)
    )
    p99 = "" if isnan(each.p99) else f"{each.p99 * _MILLI:.1f}"
    cost = f"{each.cpu / each.visits * _MEGA:.0f}" if each.visits else ""
    return (f"{each.at / _MINUTE:.1f}", str(each.visits), *sizes, *counts, p99, cost)
