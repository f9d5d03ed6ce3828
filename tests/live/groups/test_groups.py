"""Groups of deployments, from outside: who answers, and under which names."""

from collections import Counter

import httpx

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of


def answered_by(answer: httpx.Response) -> str:
    """The deployment that answered."""
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-litellm-model-id"])


def test_a_dead_deployment_hurts_nobody(gateway: Gateway) -> None:
    """Whoever meets it is answered by a sibling, and soon nobody is sent there (case G8)."""
    answers = [gateway.chat("dead") for _ in range(10)]
    assert {answered_by(each) for each in answers} == {"dead-two"}
    retries = [each.headers["x-litellm-attempted-retries"] for each in answers]
    assert retries == ["1"] * 5 + ["0"] * 5
    gateway.process.wait_for_line("pool.cooldown_started", "dead-gone")


def test_the_lower_order_answers(gateway: Gateway) -> None:
    """The other one only when it fails."""
    assert {answered_by(gateway.chat("pair")) for _ in range(10)} == {"pair-one"}


def test_weights(gateway: Gateway) -> None:
    """Nine to one, and none for a weight of 0."""
    counts = Counter(answered_by(gateway.chat("weighted")) for _ in range(200))
    assert counts["weighted-one"] > 150
    assert counts["weighted-two"] > 2
    assert counts["weighted-three"] == 0


def test_tags(gateway: Gateway) -> None:
    """In the body, in its metadata or in the header; a request without goes to the default."""
    header = {"x-litellm-tags": "us"}
    for body, headers, name in (
        ({"tags": ["eu"]}, None, "eu"),
        ({"metadata": {"tags": ["us"]}}, None, "us"),
        ({}, header, "us"),
        ({"tags": ["eu"]}, header, "eu"),
        ({}, None, "all"),
        ({"tags": ["unknown"]}, None, "all"),
    ):
        asked = {"model": "tagged", "messages": HELLO, **body}
        answer = gateway.post("/v1/chat/completions", asked, headers)
        assert answered_by(answer) == f"tagged-{name}"


def test_tags_that_no_deployment_has(gateway: Gateway) -> None:
    """A model without deployments for everybody refuses them."""
    answer = gateway.chat("first", tags=["unknown"])

    assert answer.status_code == 400
    assert error_of(answer)["code"] == "no_deployments_with_tag"


def test_sessions_keep_to_a_deployment(gateway: Gateway) -> None:
    """By header, by `litellm_session_id` and by `user` alike; different ones spread."""
    chosen = {
        answered_by(
            gateway.post(
                "/v1/chat/completions",
                {"model": "session", "messages": HELLO, **body},
                {"x-litellm-session-id": "mine"} if not body else None,
            )
        )
        for body in ({}, {"litellm_session_id": "mine"}, {"user": "mine"})
        for _ in range(5)
    }
    assert len(chosen) == 1
    others = {answered_by(gateway.chat("session", user=f"user-{n}")) for n in range(30)}
    assert len(others) == 3


def test_aliases_answer(gateway: Gateway) -> None:
    """Under their model's deployments, with its fallbacks; hidden ones are not listed."""
    for name in ("other-name", "secret-name"):
        answer = gateway.chat(name)
        assert answered_by(answer) == "first-only"
        assert answer.headers["x-litellm-model-group"] == "first"
    listed = {each["id"] for each in gateway.http.get("/v1/models").json()["data"]}
    assert "other-name" in listed
    assert "secret-name" not in listed
    assert gateway.http.get("/v1/models/secret-name").status_code == 200


def test_other_routes_are_answered_by_siblings_too(gateway: Gateway) -> None:
    """Embeddings and ranks take the same way as chats."""
    answer = gateway.post("/v1/embeddings", {"model": "vectors", "input": "x"})
    assert answered_by(answer) == "vectors-more"
    assert answer.headers["x-litellm-attempted-retries"] == "1"
    answer = gateway.post("/v1/rerank", {"model": "ranks", "query": "q", "documents": ["a", "b"]})
    assert answered_by(answer) == "ranks-more"


def test_health_tells_who_rests(gateway: Gateway, emulated: Emulated) -> None:
    """By what recent traffic says; nothing is asked of AWS for it."""
    emulated.fault("one", "throttling", times=1)
    assert answered_by(gateway.chat("pair-fault")) == "pair-fault-two"
    asked = len(emulated.requests())

    told = gateway.http.get("/health").json()

    assert len(emulated.requests()) == asked
    assert told["healthy_count"] == len(told["healthy_endpoints"])
    resting = {each["model_id"]: each for each in told["unhealthy_endpoints"]}["pair-fault-one"]
    assert resting["status"] == "resting"
    assert 0 < resting["seconds_left"] <= 60
    assert resting["last_failure"]["type"] == "Throttled"
    assert "pair-fault-two" in {each["model_id"] for each in told["healthy_endpoints"]}
