"""What the doctor found, for people: an aligned table, and under it a line for each finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from adapters.signed_headers import PREFIX_AWARE_ID
from proxy.check.finding import Finding
from proxy.check.report import Report
from proxy.check.row import Row

_HEAD = (
    "MODEL",
    "ENDPOINT",
    "HOST",
    "REGION",
    "FORMAT",
    "PROMPT",
    "IDENTITY",
    "STREAM",
    "HEADERS",
)
_MARKS = {"ok": "ok", "hint": "hint", "unknown": "?", "warning": "WARNING", "failure": "FAILURE"}
_GAP = "  "


def lines(report: Report) -> Iterator[str]:
    """Give the lines to print."""
    yield from aligned([_HEAD, *(_cells(each.row) for each in report.patients)])
    for caller in report.callers:
        yield ""
        yield f"{caller.identity} in {caller.region}: {', '.join(caller.models)}"
        yield from _told(caller.findings)
    for patient in report.patients:
        if patient.all_findings:
            yield ""
            yield f"{patient.row.model} -> {_endpoint(patient.row)}"
            yield from _told(patient.all_findings)
    yield ""
    yield _summary(report)


def aligned(table: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give a table's rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    path = "" if row.transport == "invocations" else f" ({row.transport})"
    return (
        row.model,
        _endpoint(row),
        f"{row.host}{path}",
        f"{row.region} ({row.region_from})",
        row.format,
        row.prompt,
        row.identity,
        row.stream_mode,
        ", ".join(_header(row, name) for name in row.headers) or "-",
    )


def _header(row: Row, name: str) -> str:
    made = row.prefix_aware_id if name == PREFIX_AWARE_ID else None
    return name if made is None else f"{name} ({made})"


def _endpoint(row: Row) -> str:
    component = "" if row.inference_component is None else f" [{row.inference_component}]"
    return row.endpoint + component


def _told(findings: Iterable[Finding]) -> Iterator[str]:
    for each in findings:
        head = f"{_GAP}{_MARKS[each.level]:8}{each.check:11} "
        yield head + each.text
        for line in (each.advice or "").splitlines():
            yield " " * len(head) + line


def _summary(report: Report) -> str:
    counts = report.summary()
    told = [
        _many(counts[f"{word}s"], word) for word in ("failure", "warning") if counts[f"{word}s"]
    ]
    if counts["unknown"]:
        told.append(f"{counts['unknown']} not checked")
    return f"{_many(counts['deployments'], 'deployment')}: {', '.join(told) or 'nothing is wrong'}"


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
