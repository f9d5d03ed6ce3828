"""A name with one `*` in it.

Knows text only; refuses to know models, endpoints and which names SageMaker allows.
"""

from __future__ import annotations

from dataclasses import dataclass

STAR = "*"


@dataclass(frozen=True, slots=True)
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
