"""Results as tables of Markdown, which read well as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

from benchmarks.cells import Cell
from benchmarks.figures import Footprint, Results
from benchmarks.summary import Row, rows

_WHOLE = (
    *("", "requests/s", "ratio", "p50 ms", "added p50", "added p99"),
    *("CPU µs/request", "core", "load µs"),
)
_STREAM = (
    *("", "tokens/s", "ratio", "added first p50", "p99 ms", "gap p99 ms", "latest ms"),
    *("CPU µs/token", "core", "load µs"),
)
_FOOTPRINT = ("", "start s", "memory MB", "after", "answers between")
_MEGA, _MILLI, _MICRO = 1e6, 1e3, 1e6


def tables(results: Results, cells: Sequence[Cell], base: str) -> Iterator[str]:
    """Give a table for each cell, and one of the processes.

    Args:
        results: What was measured.
        cells: The cells, in order.
        base: The target that rates are compared with.
    """
    yield f"{results.machine}; the runtime speaks {results.upstream}"
    for cell in cells:
        of_cell = list(rows(results.samples, cell.name, base))
        lines = [_stream(row) if cell.stream else _whole(row) for row in of_cell]
        yield _table(cell.name, _STREAM if cell.stream else _WHOLE, lines)
        for row in of_cell:
            if row.fault:
                yield f"{row.target}: void: {row.fault}"
    yield _table("processes", _FOOTPRINT, [_footprint(each) for each in results.footprints])


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Give a table of Markdown with its columns aligned: the first to the left."""
    every = [tuple(header), *map(tuple, lines)]
    widths = [max(len(line[column]) for line in every) for column in range(len(header))]
    marks = tuple(
        "-" * width if not column else "-" * (width - 1) + ":"
        for column, width in enumerate(widths)
    )
    return "\n".join(_line(line, widths) for line in (every[0], marks, *every[1:]))


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        text.rjust(width) if column else text.ljust(width)
        for column, (text, width) in enumerate(zip(line, widths, strict=True))
    )
    return "| " + " | ".join((first, *others)) + " |"


def _table(title: str, header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return markdown((title, *header[1:]), lines)


def _whole(row: Row) -> tuple[str, ...]:
    if row.fault:
        return _void(row, len(_WHOLE))
    return (
        row.target,
        f"{row.rate:.0f}",
        _known(row.ratio),
        *_milliseconds(row.p50, row.added_p50, row.added_p99),
        f"{row.cpu * _MICRO:.0f}",
        f"{row.share:.0%}",
        f"{row.load_cpu * _MICRO:.0f}",
    )


def _stream(row: Row) -> tuple[str, ...]:
    if row.fault:
        return _void(row, len(_STREAM))
    return (
        row.target,
        f"{row.tokens:.0f}",
        _known(row.ratio),
        *_milliseconds(row.first_p50, row.first_p99, row.gap_p99, row.latest),
        f"{row.cpu_token * _MICRO:.1f}",
        f"{row.share:.0%}",
        f"{row.load_cpu * _MICRO:.0f}",
    )


def _footprint(each: Footprint) -> tuple[str, ...]:
    memory = (f"{size / _MEGA:.0f}" for size in (each.memory_before, each.memory_after))
    return (each.target, f"{each.start:.2f}", *memory, str(each.answers))


def _milliseconds(*values: float) -> Iterator[str]:
    return (_known(value * _MILLI) for value in values)


def _known(value: float) -> str:
    return "" if isnan(value) else f"{value:.2f}"


def _void(row: Row, columns: int) -> tuple[str, ...]:
    return (row.target, "void", *("" for _ in range(columns - 2)))
