"""Texts cut into words for a stream."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from adapters.openai.streaming import cut_words


@given(st.text(alphabet=" \n\tab"))
def test_no_letter_and_no_space_is_lost(text: str) -> None:
    """The words, joined, are the text, and none of them is empty."""
    assert "".join(cut_words(text)) == text
    assert all(cut_words(text))


def test_white_space_costs_no_more_than_words() -> None:
    """An answer of nothing but line ends, which models do give, does not stop the gateway."""
    begun = time.perf_counter()
    assert cut_words("\n" * 50_000) == ["\n" * 50_000]
    assert time.perf_counter() - begun < 2
