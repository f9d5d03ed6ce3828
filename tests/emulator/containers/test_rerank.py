import math
from typing import Any

import pytest

from emulator.containers.rerank import Rerank
from emulator.endpoints import RerankEndpoint
from tests.emulator.containers.asking import complaint, document

RERANK = Rerank(RerankEndpoint(kind="rerank", context_length=12))
TEXTS = ["Paris is old", "the capital of France", "capital letters", "bread"]


def body(**more: Any) -> dict[str, Any]:
    """A question about four texts."""
    return {"query": "capital of France?", "texts": TEXTS, **more}


def test_ranks() -> None:
    """The more words in common, the higher; each text comes once, the best first."""
    ranks = document(RERANK, body())
    assert [each["index"] for each in ranks][:2] == [1, 2]
    assert {each["index"] for each in ranks} == {0, 1, 2, 3}
    scores = [each["score"] for each in ranks]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    assert len(set(scores)) == 4
    assert set(ranks[0]) == {"index", "score"}


def test_repeatable() -> None:
    """The same request has the same scores."""
    assert document(RERANK, body()) == document(RERANK, body())


def test_raw_scores() -> None:
    """Raw scores are the logits of the others, in the same order."""
    plain, raw = document(RERANK, body()), document(RERANK, body(raw_scores=True))
    assert [each["index"] for each in plain] == [each["index"] for each in raw]
    for one, other in zip(plain, raw, strict=True):
        assert one["score"] == pytest.approx(1 / (1 + math.exp(-other["score"])))


def test_returned_texts() -> None:
    """The texts come back when asked for."""
    for rank in document(RERANK, body(return_text=True)):
        assert rank["text"] == TEXTS[rank["index"]]


def test_no_words() -> None:
    """A query without words has nothing in common with any text."""
    assert all(each["score"] < 0.05 for each in document(RERANK, body(query="?!")))


def test_truncating() -> None:
    """What is too long is cut when it may be: words behind the limit don't count."""
    long = "x " * 12 + "capital of France"
    (rank,) = document(RERANK, body(texts=[long], truncate=True))
    assert rank["score"] < 0.05


@pytest.mark.parametrize(
    ("raw", "status", "kind", "text"),
    [
        (b"{", 400, "Validation", "Failed to parse the request body as JSON"),
        ([], 422, "Validation", "missing field `query`"),
        ({"query": "x"}, 422, "Validation", "missing field `texts`"),
        (body(texts=[1]), 422, "Validation", "missing field `texts`"),
        (body(texts=[]), 400, "Empty", "`texts` cannot be empty"),
        (body(raw_scores="yes"), 422, "Validation", "raw_scores: invalid type"),
        (
            body(texts=["x"] * 33),
            413,
            "Validation",
            "batch size 33 > maximum allowed batch size 32",
        ),
        (body(texts=["x " * 20]), 413, "Validation", "`inputs` must have less than 12 tokens."),
    ],
)
def test_refusals(raw: Any, status: int, kind: str, text: str) -> None:
    """What TEI refuses is refused with its status, error type and words."""
    answered, content = complaint(RERANK, raw)
    assert (answered, content["error_type"]) == (status, kind)
    assert text in content["error"]
