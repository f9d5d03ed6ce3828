"""Python tracebacks inside a text: finds them, and leaves what the exception says.

Knows how Python prints them, also with a logger's prefix on each line, quoted once more inside
JSON, or folded into one line.
"""

from __future__ import annotations

import re

_START = "Traceback (most recent call last)"
_FRAME = re.compile(r'\bFile "[^"\n]{1,500}", line \d')
_BETWEEN = ("During handling of the above", "The above exception was the direct cause")
#: `package.SomeError: ` in front of what an exception says.
_NAME = re.compile(r"[A-Za-z_][\w.]{0,200}+:\s++")
_NAME_INSIDE = re.compile(r"\b[A-Z]\w{0,80}(?:Error|Exception|Exit|Interrupt|Fault): ")


def without_tracebacks(text: str) -> str:
    """Give the text with what the last exception says in place of each chain of tracebacks."""
    if _START not in text and not _FRAME.search(text):
        return text
    if "\\n" in text:
        text = text.replace("\\n", "\n").replace('\\"', '"')
    lines = _Lines()
    for line in text.split("\n"):
        lines.take(line)
    return "\n".join(lines.kept)


class _Lines:
    """The lines kept so far, and whether the next one belongs to a traceback."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self._inside = False
        #: Where the first traceback began: what an earlier exception of the chain said is dropped.
        self._first: int | None = None
        self._prefix = ""

    def take(self, line: str) -> None:
        if _START in line or _FRAME.search(line):
            self._enter(line)
        elif not self._inside:
            self.kept.append(line)
        else:
            self._leave(line.removeprefix(self._prefix))

    def _enter(self, line: str) -> None:
        if self._first is None:
            self._first = len(self.kept)
        if not self._inside:
            del self.kept[self._first :]
        before, start, rest = line.partition(_START)
        if start:
            self._prefix = before
        ends = [match.end() for match in _NAME_INSIDE.finditer(rest or line)]
        if ends:
            self.kept.append((rest or line)[ends[-1] :])
        self._inside = not ends

    def _leave(self, line: str) -> None:
        """Take the first line that is neither source code nor a separator: the exception's."""
        if line.strip() and line[0] not in " \t" and not line.startswith(_BETWEEN):
            self.kept.append(_NAME.sub("", line, count=1))
            self._inside = False
