"""Stop texts cut here: never a character too many or too few, however the text comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.text.stops import StopCutter, cut

LETTERS = st.text(alphabet="ab", max_size=12)


def expected(text: str, stops: list[str]) -> str:
    """The text before the stop text that is complete first, found letter by letter."""
    for end in range(1, len(text) + 1):
        whole = [stop for stop in stops if stop and text[:end].endswith(stop)]
        if whole:
            return text[: end - max(map(len, whole))]
    return text


@given(LETTERS, st.lists(st.text(alphabet="ab", max_size=4), max_size=3), st.integers(1, 4))
def test_pieces_give_what_the_whole_gives(text: str, stops: list[str], size: int) -> None:
    """However a text is cut into pieces, what is given is the text before its first stop text."""
    cutter = StopCutter(stops)
    given_out = "".join(cutter.feed(text[i : i + size]) for i in range(0, len(text), size))
    given_out += cutter.finish()
    assert given_out == expected(text, stops) == cut(text, stops)[0]
    assert cutter.stopped == cut(text, stops)[1] == any(stop and stop in text for stop in stops)


@pytest.mark.parametrize(("piece", "given_out"), [("Hello", "Hello"), ("Hello E", "Hello ")])
def test_only_a_possible_beginning_is_held_back(piece: str, given_out: str) -> None:
    """Text that can't begin a stop text is given at once."""
    assert StopCutter(["END"]).feed(piece) == given_out


def test_what_follows_a_stop_text_is_no_answer() -> None:
    """After a stop text nothing is given any more."""
    cutter = StopCutter(["."])
    assert cutter.feed("a.b") == "a"
    assert (cutter.feed("c"), cutter.finish()) == ("", "")
