"""From readings to words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan

import pytest

from benchmarks.soak.reading import Reading, Soaked, gauge
from benchmarks.soak.verdict import slope, table, verdict

REST = Reading(
    at=1860.0,
    visits=1000,
    resident=80_000_000,
    private=60_000_000,
    files=20,
    threads=6,
    requests=0,
    streams=0,
    tries=0,
    tasks=9,
    p99=nan,
    cpu=1.0,
)
MB = 1_000_000


def soaked(resident: Callable[[int], float], files: Callable[[int], int]) -> Soaked:
    readings = tuple(
        replace(
            REST,
            at=60.0 * minute,
            resident=int(resident(minute)),
            files=files(minute),
            p99=0.01,
        )
        for minute in range(31)
    )
    return Soaked(readings, REST, ())


def flat(minute: int) -> float:
    return 80 * MB + (minute % 2) * 200_000


def some(minute: int) -> int:
    return 40 + minute % 7


def test_what_goes_up_and_down_is_flat() -> None:
    """Noise is no growth; everything good is said to be so."""
    good, words = verdict(soaked(flat, some))
    assert good
    assert "RSS is flat" in words
    assert "open files are flat" in words
    assert "no tasks are left: 9 before, 9 afterwards" in words
    assert "nothing is left under way" in words
    assert "each of 1000 visits went as it had to" in words


def test_what_fills_once_is_flat() -> None:
    """Only the second half counts: caches are full by then."""
    good, _ = verdict(soaked(lambda minute: min(60 + minute * 2, 80) * MB, some))
    assert good


def test_a_leak_is_told_with_its_rate() -> None:
    """Twelve megabytes an hour beneath the same noise are told as about twelve."""
    good, words = verdict(soaked(lambda minute: flat(minute) + minute * MB / 5, some))
    assert not good
    assert "RSS grows: +11." in words
    assert "USS is flat" in words


def test_files_that_stay_open_are_told() -> None:
    """One more each minute is sixty an hour."""
    good, words = verdict(soaked(flat, lambda minute: 40 + minute))
    assert not good
    assert "open files grow: +60 ± 0 an hour; 40 before, 20 once all had gone" in words


def test_what_is_left_under_way_is_told() -> None:
    """A request that never ends is no good end, and neither is a wrong answer."""
    ended = soaked(flat, some)
    good, words = verdict(replace(ended, rest=replace(REST, streams=1)))
    assert not good
    assert "something is left under way: 0 requests, 1 streams" in words
    good, words = verdict(replace(ended, rest=replace(REST, tasks=10)))
    assert not good
    assert "* tasks are left: 9 before, 10 afterwards" in words
    good, words = verdict(replace(ended, wrong=("stream: cut", "again")))
    assert not good
    assert "2 of 1000 visits did not go as they had to: stream: cut" in words


def test_a_line_needs_points() -> None:
    """Of a few readings no slope is made up."""
    with pytest.raises(ValueError, match="too few"):
        slope([REST] * 4, lambda each: each.resident)


def test_readings_as_a_table() -> None:
    """What is not known is left out."""
    line = table([replace(REST, visits=0)]).splitlines()[-1]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["31.0", "0", "80.0", "60.0", "20", "6", "0", "0", "0", "9", "", ""]


def test_a_gauge_is_the_sum_of_its_series() -> None:
    """Series of one metric are added; longer names are others."""
    page = '# TYPE a gauge\na{x="1"} 2.0\na{x="2"} 3.0\nab 9.0\nb 7.0\n'
    assert (gauge(page, "a"), gauge(page, "b"), gauge(page, "c")) == (5, 7, 0)
