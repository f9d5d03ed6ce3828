"""A name with one `*` in it.

Knows text only; refuses to know models, endpoints and which names SageMaker allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from adapters.value import value

STAR = "*"


@value(frozen=True, slots=True)
class Pattern:
    """What stands before the `*`, and what stands behind it."""

    head: str
    tail: str

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Take a text apart at its only `*`.

        Raises:
            ValueError: it has none, or several.
        """
        head, *tails = text.split(STAR)
        if len(tails) != 1:
            raise ValueError(f"expected one {STAR} in {text!r}")
        return cls(head, tails[0])

    @property
    def literal(self) -> int:
        """How many characters a name must have in common with the pattern."""
        return len(self.head) + len(self.tail)

    def match(self, name: str) -> str | None:
        """Give the text that the `*` stands for in a name, at least one character; None: no fit."""
        if len(name) <= self.literal:
            return None
        if not name.startswith(self.head) or not name.endswith(self.tail):
            return None
        return name[len(self.head) : len(name) - len(self.tail)]

    def fill(self, captured: str) -> str:
        """Give the name in which the `*` stands for this text."""
        return f"{self.head}{captured}{self.tail}"


class Patterns:
    """Finds the pattern that a name fits: of thousands as quickly as of a few.

    Of several that it fits, the one with the longest text beside its `*` has it; of equals the
    first.

    Args:
        patterns: All different.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        #: By their texts, each with its place.
        self._places: dict[tuple[str, str], tuple[int, Pattern]] = {}
        for number, pattern in enumerate(patterns):
            self._places[pattern.head, pattern.tail] = (number, pattern)
        shapes = {(len(head), len(tail)) for head, tail in self._places}
        #: How long the texts before and behind a `*` are, by how long both are together.
        self._shapes = [
            (length, tuple(alike))
            for length, alike in groupby(sorted(shapes, key=sum, reverse=True), sum)
        ]

    def of(self, name: str) -> Pattern | None:
        """Give the pattern of a name; None: it fits none."""
        for length, shapes in self._shapes:
            if length >= len(name):
                continue
            texts = ((name[:head], name[len(name) - tail :]) for head, tail in shapes)
            found = [place for each in texts if (place := self._places.get(each)) is not None]
            if found:
                return min(found)[1]
        return None
