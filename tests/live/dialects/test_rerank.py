"""Reranking end to end, in Cohere's shape, over TEI's bodies."""

import json
from typing import Any

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, Json, error_of

pytestmark = pytest.mark.xdist_group("dialects")
QUERY = "where is the cathedral"
DOCUMENTS = ["nothing at all", "where is the cathedral of Köln", "the river is wide"]
MODELS = ("ranks", "ranks-tei", "ranks-tens")


def rank(gateway: Gateway, model: str, path: str = "/v1/rerank", **more: Any) -> Json:
    """A whole answer."""
    body = {"model": model, "query": QUERY, "documents": DOCUMENTS, **more}
    answer = gateway.post(path, body)
    assert answer.status_code == 200, answer.text
    ranked: Json = answer.json()
    return ranked


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank", "/v2/rerank"])
def test_the_best_comes_first(gateway: Gateway, emulated: Emulated, model: str, path: str) -> None:
    """Every document has its score, the best first; tokens are estimated, and marked."""
    answer = rank(gateway, model, path)

    assert [result["index"] for result in answer["results"]] == [1, 2, 0]
    scores = [result["relevance_score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    assert answer["meta"]["tokens"]["estimated"] is True
    assert answer["id"].startswith("rerank-")
    assert emulated.body() == {
        "query": QUERY,
        "texts": DOCUMENTS,
        "raw_scores": False,
        "return_text": False,
        "truncate": True,
    }


@pytest.mark.parametrize("model", MODELS)
def test_top_n_and_documents(gateway: Gateway, model: str) -> None:
    """`top_n` cuts, `return_documents` adds; a document may be an object with further keys."""
    documents = [*DOCUMENTS[:2], {"text": DOCUMENTS[2], "page": 7}]

    answer = rank(gateway, model, documents=documents, top_n=2, return_documents=True)

    assert [(each["index"], each["document"]) for each in answer["results"]] == [
        (1, {"text": DOCUMENTS[1]}),
        (2, {"text": DOCUMENTS[2], "page": 7}),
    ]


@pytest.mark.parametrize(("model", "calls"), [("ranks", 3), ("ranks-tei", 3), ("ranks-tens", 7)])
def test_seventy_documents(gateway: Gateway, emulated: Emulated, model: str, calls: int) -> None:
    """More documents than a call takes are split; the scores are those of one call."""
    documents = [f"document {number}" for number in range(69)] + [QUERY]

    answer = rank(gateway, model, documents=documents)

    assert len(emulated.requests()) == calls
    assert answer["results"][0]["index"] == 69
    assert sorted(each["index"] for each in answer["results"]) == list(range(70))


def test_settings_of_tei(gateway: Gateway, emulated: Emulated) -> None:
    """The client's `raw_scores` and `truncate` win."""
    answer = rank(gateway, "ranks", raw_scores=True, truncate=False)

    assert answer["results"][-1]["relevance_score"] < 0
    assert (emulated.body()["raw_scores"], emulated.body()["truncate"]) == (True, False)


def test_raw(gateway: Gateway, emulated: Emulated) -> None:
    """`format: raw` sends the body as given, and reads the scores."""
    answer = rank(gateway, "ranks-raw", texts=DOCUMENTS)

    assert answer["results"][0]["index"] == 1
    assert json.loads(emulated.only()["body"]) == {
        "query": QUERY,
        "documents": DOCUMENTS,
        "texts": DOCUMENTS,
    }


@pytest.mark.parametrize("model", ["chat-vllm", "nova", "tgi", "openai", "cohere-cut"])
def test_models_that_rank_nothing(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """A dialect without reranking is a 400 `unsupported_task`, and nothing is sent."""
    answer = gateway.post("/rerank", {"model": model, "query": "x", "documents": ["y"]})

    assert (answer.status_code, error_of(answer)["code"]) == (400, "unsupported_task")
    assert emulated.requests() == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"query": ""}, "query"),
        ({"documents": []}, "documents"),
        ({"documents": [5]}, "documents[0]"),
        ({"top_n": 0}, "top_n"),
        ({"model": "nobody"}, "model"),
    ],
)
def test_bad_requests(gateway: Gateway, change: Json, param: str) -> None:
    """Each is a 4xx in OpenAI's shape that names the parameter."""
    body = {"model": "ranks", "query": QUERY, "documents": DOCUMENTS, **change}

    answer = gateway.post("/rerank", body)

    assert answer.status_code in {400, 404}
    assert error_of(answer)["param"] == param


def test_a_rank_parameter_that_tei_lacks(gateway: Gateway) -> None:
    """What of Cohere's parameters TEI can't express is a 400 that names it."""
    body = {"model": "ranks", "query": QUERY, "documents": DOCUMENTS, "rank_fields": ["x"]}

    answer = gateway.post("/rerank", body)

    assert (answer.status_code, error_of(answer)["param"]) == (400, "rank_fields")
