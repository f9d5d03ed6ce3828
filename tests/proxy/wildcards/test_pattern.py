"""A name with one `*`: what fits, what stands for the star, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wildcards.pattern import Pattern, Patterns

TEXT = st.text(st.characters(exclude_characters="*"))


@pytest.mark.parametrize(
    ("pattern", "name", "captured"),
    [
        ("sm/*", "sm/a", "a"),
        ("sm/*", "sm/a/b", "a/b"),
        ("*", "anything", "anything"),
        ("team-*-prod", "team-a-prod", "a"),
        ("*-prod", "a-prod", "a"),
        ("sm/*", "sm/", None),
        ("sm/*", "sm", None),
        ("sm/*", "SM/a", None),
        ("sm/*", "other", None),
        ("*", "", None),
        ("aba*aba", "ababa", None),
        ("team-*-prod", "team-prod", None),
    ],
)
def test_what_stands_for_the_star(pattern: str, name: str, captured: str | None) -> None:
    """The text beside the star must be there, without overlap, and at least one character in it."""
    assert Pattern.of(pattern).match(name) == captured


@given(head=TEXT, tail=TEXT, captured=st.text(min_size=1))
def test_what_is_filled_in_is_found_again(head: str, tail: str, captured: str) -> None:
    """Filling and matching are each other's inverse, whatever the texts are."""
    pattern = Pattern.of(f"{head}*{tail}")
    assert pattern.match(pattern.fill(captured)) == captured
    assert pattern.literal == len(head) + len(tail)


@pytest.mark.parametrize("text", ["", "name", "a*b*", "**"])
def test_there_is_one_star(text: str) -> None:
    """None or several are no pattern."""
    with pytest.raises(ValueError, match="expected one"):
        Pattern.of(text)


SHORT = st.text("ab-", max_size=4)


@given(texts=st.lists(st.tuples(SHORT, SHORT), max_size=20, unique=True), name=SHORT)
def test_of_many_patterns_the_longest_has_a_name(texts: list[tuple[str, str]], name: str) -> None:
    """It is the one that looking through all of them would find: of equals the first."""
    patterns = [Pattern(*each) for each in texts]
    fits = [each for each in patterns if each.match(name) is not None]
    expected = max(fits, key=lambda each: each.literal) if fits else None
    assert Patterns(patterns).of(name) == expected


def test_a_name_is_not_compared_with_each_pattern() -> None:
    """Of a hundred thousand patterns one is found as quickly as of one."""
    names = [f"family-{number}/" for number in range(100_000)]
    patterns = Patterns(Pattern(name, "") for name in names)
    found = [patterns.of(f"{name}x") for name in names]
    assert found == [Pattern(name, "") for name in names]
