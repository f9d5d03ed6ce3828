"""docs/security.md keeps its word: each proof that it names is there, each case has one (L8)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
#: How many cases each letter has that the page answers for.
CASES = {"A": 14, "B": 8, "C": 12, "D": 7, "E": 12, "J": 8, "K": 8, "L": 8}
_CASE = re.compile(r"([A-L])(\d+)(?:\u2013[A-L]?(\d+))?")


def answered() -> set[str]:
    """The numbers in the table's first column, ranges written out."""
    found = set()
    for line in PAGE.partition("## Case by case")[2].partition("## OWASP")[0].splitlines():
        for letter, first, last in _CASE.findall(line.split("|")[1] if "|" in line else ""):
            found |= {f"{letter}{n}" for n in range(int(first), int(last or first) + 1)}
    return found


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:tests|proxy|adapters)/[^`]+)`", PAGE)))
)
def test_what_is_named_is_there(path: str) -> None:
    """Every test and module that the page refers to exists."""
    assert (ROOT / path).exists()


def test_every_case_is_answered() -> None:
    """No numbered case is left out of the table."""
    wanted = {f"{letter}{n}" for letter, last in CASES.items() for n in range(1, last + 1)}
    assert wanted - answered() == set()
