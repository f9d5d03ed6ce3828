"""Results as a picture: a panel of bars for each cell, written as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.cells import Cell
from benchmarks.figures import Results
from benchmarks.summary import Row, rows

_WIDTH, _BAR, _GAP, _TITLE = 720, 18, 6, 34
_NAMES, _VALUES = 150, 110
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}"
    "rect{fill:#8fa8c8}.own{fill:#1f6feb}"
)
_OWN = "sagegate"


def svg(results: Results, cells: Sequence[Cell]) -> str:
    """Draw answers or tokens in a second, for every target and cell; void ones have no bar."""
    parts: list[str] = []
    top = 8
    for cell in cells:
        panel = list(rows(results.samples, cell.name, _OWN))
        parts += _panel(cell, panel, top)
        top += _TITLE + len(panel) * (_BAR + _GAP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 8}" role="img">'
    background = f'<path fill="#fff" d="M0 0h{_WIDTH}v{top + 8}H0z"/>'
    return "\n".join((head, f"<style>{_STYLE}</style>", background, *parts, "</svg>\n"))


def _panel(cell: Cell, panel: Sequence[Row], top: int) -> Iterator[str]:
    unit = "tokens/s" if cell.stream else "requests/s"
    yield f'<text class="title" x="8" y="{top + 18}">{escape(cell.name)}: {unit}</text>'
    values = [row.tokens if cell.stream else row.rate for row in panel]
    most = max(values, default=0.0) or 1.0
    room = _WIDTH - _NAMES - _VALUES
    for number, (row, value) in enumerate(zip(panel, values, strict=True)):
        y = top + _TITLE - 6 + number * (_BAR + _GAP)
        width = room * value / most
        kind = ' class="own"' if row.target.startswith(_OWN) else ""
        said = "void" if row.fault else f"{value:,.0f}".replace(",", " ")
        yield f'<text x="8" y="{y + 13}">{escape(row.target)}</text>'
        yield f'<rect{kind} x="{_NAMES}" y="{y}" width="{width:.1f}" height="{_BAR}"/>'
        yield f'<text x="{_NAMES + width + 6:.1f}" y="{y + 13}">{said}</text>'
