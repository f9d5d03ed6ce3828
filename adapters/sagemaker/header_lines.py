"""Headers in the form in which they are sent: written once, by whoever makes them.

Knows HTTP's form; refuses to know what headers mean.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapters.base import Header


def header_lines(headers: Iterable[Header]) -> str:
    r"""Write headers as a head has them: a line each, with `\r\n` at its end.

    Raises:
        ValueError: a header is more than one line, or not ASCII.
    """
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    text = "".join(lines)
    if not text.isascii() or "\0" in text or not has_lines(text, len(lines)):
        raise ValueError("a header is more than one line, or not ASCII")
    return text


def has_lines(text: str, count: int) -> bool:
    """Whether a text has so many lines, by every reader's idea of a line's end."""
    return text.count("\n") == count == text.count("\r")


def split_lines(text: str) -> dict[str, str]:
    """Give the headers of lines, for a library that wants them so."""
    lines = (line.partition(": ") for line in text.split("\r\n")[:-1])
    return {name: value for name, _, value in lines}
