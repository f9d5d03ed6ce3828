"""Slips of the pen: how far a word is from a name, and which name was meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: So many single-letter edits are taken for a slip.
MOST_SLIPS: Final = 2
#: Shorter names are near too many words to be meant by one.
_SHORTEST_NAME: Final = 5


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Give the name that a word is at most two slips away from; None where there is none."""
    near = (
        (distance(word, name, limit=MOST_SLIPS), name)
        for name in names
        if len(name) >= _SHORTEST_NAME
    )
    slips, name = min(near, default=(MOST_SLIPS + 1, ""))
    return name if slips <= MOST_SLIPS else None


def distance(one: str, other: str, *, limit: int) -> int:
    """Count the single-letter edits between two words; more than `limit` is `limit + 1`."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)
