"""`/metrics` from outside: real processes, counts against the requests that were sent."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway
from tests.live.leaks import ACCOUNT, MASTER_KEY, SECRETS
from tests.live.lifecycle.stage import until, workers

TOKENS = ("input", "output", "total")
REQUESTS = "litellm_proxy_total_requests_metric_total"


class Numbers:
    """One scrape, parsed as Prometheus would."""

    def __init__(self, text: str) -> None:
        self.text = text
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def sum(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that have these labels."""
        return sum(
            each.value
            for each in self.samples
            if each.name == name and labels.items() <= each.labels.items()
        )


def scraped(gateway: Gateway) -> Numbers:
    """Scrapes on a connection of its own, which any worker may take."""
    with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Numbers(answer.text)


def asked(gateway: Gateway, times: int, **more: object) -> list[int]:
    """Asks so often, each time on a connection of its own; gives the statuses."""

    def ask(_: int) -> int:
        with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
            body = {"model": "chat", "messages": HELLO, **more}
            return client.post("/v1/chat/completions", json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(ask, range(times)))


def send_half(gateway: Gateway) -> None:
    """Leaves in the middle of a request's body."""
    host, port = gateway.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\n"
        more = "Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
        client.sendall((head + more).encode())


@pytest.fixture(params=["1", "2"])
def counted(
    request: pytest.FixtureRequest, start: StartGateway, emulated: Emulated
) -> Iterator[Gateway]:
    """A gateway of one process, and one of two."""
    configuration = serving.small_gateway(emulated.url)
    with start(serving.written(configuration), "--num_workers", request.param) as gateway:
        yield gateway


def test_counts_equal_the_requests(counted: Gateway, emulated: Emulated) -> None:
    """Requests, tries, tokens and failures are those that were sent, whichever process is asked."""
    assert asked(counted, 20) == [200] * 20
    assert asked(counted, 5, stream=True) == [200] * 5
    assert asked(counted, 3, model="nobody") == [404] * 3
    emulated.fault("chat", "throttling", times=2)
    assert sorted(asked(counted, 4)) == [200, 200, 429, 429]
    for _ in range(4):
        numbers = scraped(counted)
        assert numbers.sum(REQUESTS) == 32
        assert numbers.sum(REQUESTS, status_code="200", requested_model="chat") == 27
        assert numbers.sum(REQUESTS, requested_model="other", status_code="404") == 3
        assert numbers.sum("litellm_proxy_failed_requests_metric_total") == 5
        assert numbers.sum("litellm_deployment_total_requests_total") == 29
        assert numbers.sum("litellm_deployment_total_requests_total") == len(emulated.requests())
        assert numbers.sum("litellm_deployment_failure_responses_total") == 2
        assert numbers.sum("sagegate_throttles_total") == 2
        assert numbers.sum("litellm_request_total_latency_metric_count") == 27
        assert numbers.sum("litellm_llm_api_time_to_first_token_metric_count") == 5
        tokens = [numbers.sum(f"litellm_{name}_tokens_metric_total") for name in TOKENS]
        assert tokens[0] + tokens[1] == tokens[2] > 0


def test_a_killed_workers_counts_stay(start: StartGateway, emulated: Emulated) -> None:
    """After kill -9 no counter goes back, new requests count on, and its gauges are gone."""
    configuration = serving.written(serving.small_gateway(emulated.url))
    with start(configuration, "--num_workers", "2") as gateway:
        assert asked(gateway, 20) == [200] * 20
        before = workers(gateway)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len({*workers(gateway)} - {before[0]}) == 2, "another worker")
        until(lambda: scraped(gateway).sum("sagegate_workers") == 2, "two workers in the gauge")
        assert scraped(gateway).sum(REQUESTS) == 20
        assert asked(gateway, 10) == [200] * 10
        assert scraped(gateway).sum(REQUESTS) == 30


def test_what_is_under_way_is_seen(start: StartGateway, emulated: Emulated) -> None:
    """An open stream is in the gauges while it lasts, and in no counter before its end."""
    emulated.fault("chat", "slow_records", seconds=600)
    body = {"model": "chat", "messages": HELLO, "stream": True}
    with start(serving.written(serving.small_gateway(emulated.url))) as gateway:
        with gateway.http.stream("POST", "/v1/chat/completions", json=body) as answer:
            parts = answer.iter_raw()  # as long as it is held the answer is open
            next(parts)
            numbers = scraped(gateway)
            assert numbers.sum("sagegate_open_streams") == 1
            assert numbers.sum("litellm_in_flight_requests") == 2  # and the scrape
            assert numbers.sum(REQUESTS) == 0
        until(
            lambda: scraped(gateway).sum(REQUESTS, status_code="499") == 1, "the client's leaving"
        )
        assert scraped(gateway).sum("sagegate_open_streams") == 0


def test_refusals_by_length_and_half_sent_bodies(start: StartGateway, emulated: Emulated) -> None:
    """What never came to a route's own code is counted and logged like everything else."""
    configuration = serving.small_gateway(emulated.url)
    configuration["general_settings"] = {"max_request_size_mb": 0.01}
    with start(serving.written(configuration)) as gateway:
        large = {"model": "chat", "messages": HELLO, "user": "x" * 20_000}
        assert gateway.http.post("/v1/chat/completions", json=large).status_code == 413
        send_half(gateway)
        until(lambda: scraped(gateway).sum(REQUESTS, status_code="499") == 1, "its leaving")
        numbers = scraped(gateway)
        assert numbers.sum(REQUESTS, status_code="413") == 1
        assert numbers.sum("sagegate_refused_requests_total", status="413") == 1
        assert numbers.sum("sagegate_gone_clients_total", model_group="") == 1
        until(lambda: "request.gone" in gateway.process.err, "its line")
        assert "request_too_large" in gateway.process.err
    assert emulated.requests() == []


def test_no_client_makes_series(start: StartGateway, emulated: Emulated) -> None:
    """Names of models, of wildcards or of nobody, leave the page small, however many there are."""
    configuration = serving.small_gateway(emulated.url)
    wild = serving.model("wild/*", "sagemaker_chat/*", allowed_endpoints=["nobody-*"])
    configuration["model_list"].append(wild)
    with start(serving.written(configuration)) as gateway:

        def ask(number: int) -> None:
            name = f"wild/nobody-{number}" if number % 5 == 0 else f"name-{number}"
            gateway.http.post("/v1/chat/completions", json={"model": name, "messages": HELLO})

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(ask, range(1_000)))
        numbers = scraped(gateway)
    assert numbers.sum(REQUESTS) == 1_000
    assert numbers.sum(REQUESTS, requested_model="other") >= 900
    names = {each.labels.get("requested_model") for each in numbers.samples}
    assert len(names) < 110
    assert "name-1" not in numbers.text


def test_the_page_wants_the_key(locked: Gateway) -> None:
    """With a key configured nobody reads the metrics without it, and none of it is in them."""
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    body = {"model": "chat", "messages": HELLO}
    assert locked.http.get("/metrics").status_code == 401
    assert locked.http.post("/v1/chat/completions", json=body, headers=headers).is_success
    answer = locked.http.get("/metrics", headers=headers)
    assert Numbers(answer.text).sum(REQUESTS, api_key_alias="admin") > 0
    for secret in (*SECRETS, ACCOUNT, "arn:", "amazonaws", "127.0.0.1"):
        assert secret not in answer.text


def test_the_page_may_be_public(start: StartGateway, emulated: Emulated) -> None:
    """`require_auth_for_metrics_endpoint: false` opens this page and nothing else."""
    configuration = serving.small_gateway(emulated.url)
    configuration["general_settings"] = {"master_key": MASTER_KEY}
    configuration["litellm_settings"] = {
        "require_auth_for_metrics_endpoint": False,
        "callbacks": ["prometheus"],
        "prometheus_latency_buckets": [0.5, 7],
    }
    with start(serving.written(configuration)) as gateway:
        assert gateway.http.get("/v1/models").status_code == 401
        headers = {"authorization": f"Bearer {MASTER_KEY}"}
        body = {"model": "chat", "messages": HELLO}
        assert gateway.http.post("/v1/chat/completions", json=body, headers=headers).is_success
        buckets = {
            each.labels["le"]
            for each in scraped(gateway).samples
            if each.name == "litellm_request_total_latency_metric_bucket"
        }
        assert buckets == {"0.5", "7.0", "+Inf"}
        assert "not used" not in gateway.process.err
