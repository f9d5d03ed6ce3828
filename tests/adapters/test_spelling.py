"""How far a word is from a name."""

from __future__ import annotations

import pytest

from adapters.spelling import distance, nearest


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("a", "a", 0),
        ("abc", "axc", 1),
        ("abc", "ab", 1),
        ("abcd", "bcde", 2),
        ("ab", "wxyz", 3),
        ("abcdef", "uvwxyz", 3),
    ],
)
def test_distance_counts_single_letters(one: str, other: str, slips: int) -> None:
    """Insertions, deletions and replacements count one each; beyond the limit all is the same."""
    assert distance(one, other, limit=2) == slips
    assert distance(other, one, limit=2) == slips


def test_the_nearest_name_is_meant() -> None:
    """The name with the fewest slips, at most two; short names are meant by nobody."""
    assert nearest("timout", ("time_out", "timeout")) == "timeout"
    assert nearest("tmieuot", ("timeout",)) is None
    assert nearest("tag", ("tags",)) is None
    assert nearest("anything", ()) is None
