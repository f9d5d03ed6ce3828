"""The page after load, against what the emulator has counted and what clients were told."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway
from tests.live.test_metrics import REQUESTS, TOKENS, Numbers, scraped

TASKS: dict[str, dict[str, Any]] = {
    "chat/completions": {"model": "chat", "messages": HELLO},
    "completions": {"model": "text", "prompt": "Where is Köln?"},
    "embeddings": {"model": "embed", "input": ["Where", "is Köln?"]},
}
ROUNDS = 40


def orders() -> list[tuple[str, dict[str, Any]]]:
    """What is asked: each task so often, every second text as a stream."""
    asked: list[tuple[str, dict[str, Any]]] = []
    for number in range(ROUNDS):
        for task, body in TASKS.items():
            streamed = task != "embeddings" and number % 2
            more = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
            asked.append((task, {**body, **more}))
    return asked


def told(gateway: Gateway, task: str, body: dict[str, Any]) -> tuple[int, Counter[str]]:
    """The status and the usage that a client gets, on a connection that any worker may take."""
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
        answer = client.post(f"/v1/{task}", json=body)
    if not answer.is_success:
        return answer.status_code, Counter()
    documents = [answer.text]
    if body.get("stream"):
        documents = [
            line.removeprefix("data: ")
            for line in answer.text.splitlines()
            if line.startswith("data: {")
        ]
    usages = [usage for each in documents if (usage := json.loads(each).get("usage"))]
    assert len(usages) == 1, answer.text
    return answer.status_code, Counter(
        input=usages[0].get("prompt_tokens", 0),
        output=usages[0].get("completion_tokens") or 0,
        total=usages[0].get("total_tokens", 0),
    )


def test_load_is_counted_exactly(start: StartGateway, emulated: Emulated) -> None:
    """Requests, tries, errors and tokens of two workers under load equal the emulator's counts."""
    configuration = serving.small_gateway(emulated.url)
    configuration["model_list"] = [
        serving.model("chat", "sagemaker_chat/chat"),
        serving.model("text", "sagemaker/tgi", format="tgi"),
        serving.model("embed", "sagemaker/embed"),
    ]
    with start(serving.written(configuration), "--num_workers", "2") as gateway:
        emulated.fault("chat", "throttling", times=7)
        emulated.fault("tgi", "model_error", times=5)
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda order: told(gateway, *order), orders()))
        numbers = scraped(gateway)
        outcomes = Counter(entry["outcome"] for entry in emulated.requests())
    assert_equal(numbers, answers, outcomes)


def assert_equal(
    numbers: Numbers, answers: list[tuple[int, Counter[str]]], outcomes: Counter[str]
) -> None:
    """The page, the clients' answers and the emulator's journal say the same."""
    statuses = Counter(status for status, _ in answers)
    assert statuses[200] == outcomes["200"] == len(answers) - 12
    assert sum(outcomes.values()) == len(answers) == ROUNDS * len(TASKS)
    assert numbers.sum(REQUESTS) == len(answers)
    for status, count in statuses.items():
        assert numbers.sum(REQUESTS, status_code=str(status)) == count
    assert numbers.sum("litellm_proxy_failed_requests_metric_total") == 12
    assert numbers.sum("litellm_deployment_total_requests_total") == sum(outcomes.values())
    assert numbers.sum("litellm_deployment_success_responses_total") == outcomes["200"]
    assert numbers.sum("sagegate_throttles_total") == 7
    assert numbers.sum("sagegate_model_errors_total") == 5
    used = sum((usage for _, usage in answers), Counter[str]())
    counted = {name: numbers.sum(f"litellm_{name}_tokens_metric_total") for name in TOKENS}
    assert counted == dict(used)
    assert used["total"] > 0
