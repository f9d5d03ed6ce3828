"""Scores of documents in every known shape, one for each document or none at all."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import MalformedReply
from adapters.openai.scores import read


@pytest.mark.parametrize(
    "reply",
    [
        [{"index": 1, "score": 0.5}, {"index": 0, "score": 0.25}],
        {"results": [{"index": 0, "relevance_score": 0.25}, {"index": 1, "relevance_score": 0.5}]},
        {"data": [{"index": 1, "relevance_score": 0.5}, {"index": 0, "relevance_score": 0.25}]},
        {"scores": [0.25, 0.5]},
        [0.25, 0.5],
    ],
    ids=str,
)
def test_every_known_shape_gives_its_scores(reply: Any) -> None:
    """However a container writes them, each document has its score."""
    assert read(reply, 2) == {0: 0.25, 1: 0.5}


@pytest.mark.parametrize(
    "reply",
    [
        [],
        {},
        "x",
        {"results": []},
        {"results": 7},
        [{"index": 0, "score": "high"}],
        [{"score": 1.0}],
        [True],
        [{"index": 0, "score": 1.0}, None],
        [0.5],
        [0.5, 0.5, 0.5],
        [{"index": 0, "score": 1.0}, {"index": 0, "score": 0.5}],
        [{"index": 0, "score": 1.0}, {"index": 7, "score": 0.5}],
    ],
    ids=str,
)
def test_scores_that_do_not_fit_are_502(reply: Any) -> None:
    """An unknown shape, or not one score for each document, is never an answer."""
    with pytest.raises(MalformedReply):
        read(reply, 2)


def test_a_container_may_give_the_best_only() -> None:
    """Where it was asked for the best few, the others may lack; no stranger may be among them."""
    assert read([{"index": 1, "score": 0.5}], 2, may_lack=True) == {1: 0.5}
    with pytest.raises(MalformedReply):
        read([{"index": 2, "score": 0.5}], 2, may_lack=True)
