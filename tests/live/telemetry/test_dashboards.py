"""The dashboard and the alerts against a real gateway's page, after traffic of every kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.deploy.grafana import DASHBOARD, grouped, named, queries
from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO
from tests.live.lifecycle.stage import until
from tests.live.test_metrics import Numbers, scraped, send_half

BROKEN = "class Broken:\n    def success(self, record): raise KeyError\n\nbroken = Broken()\n"
CHAT = "/v1/chat/completions"
OK = 200


@pytest.fixture(scope="module")
def numbers(
    start: StartGateway, emulator_process: Emulated, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Numbers]:
    """What a gateway says after answers, streams, failures, fallbacks, waits and refusals."""
    emulator_process.forget()
    folder = tmp_path_factory.mktemp("callbacks")
    (folder / "sagegate_test_broken.py").write_text(BROKEN)
    configuration = serving.small_gateway(emulator_process.url)
    configuration["model_list"] = [
        serving.model("chat", "sagemaker_chat/chat", rpm=500, tpm=100_000, max_parallel_requests=9),
        serving.model("slow", "sagemaker_chat/served", max_parallel_requests=9),
        serving.model("retried", "sagemaker_chat/steady", num_retries=1),
        serving.model("falls", "sagemaker_chat/seed-chat"),
        serving.model("cold", "sagemaker_chat/lines", cold_start_wait=60),
        serving.model("cut", "sagemaker_chat/chat-hostile"),
    ]
    configuration["router_settings"]["fallbacks"] = [{"falls": ["chat"]}]
    configuration["router_settings"]["default_litellm_params"]["cold_start_probe_interval"] = 1
    configuration["litellm_settings"] = {
        "cache": True,
        "success_callback": ["sagegate_test_broken.broken"],
    }
    emulator_process.fault("steady", "throttling", times=1)
    emulator_process.fault("seed-chat", "model_error", times=1)
    emulator_process.fault("lines", "no_capacity", times=1)
    emulator_process.fault("chat-hostile", "reset_mid_stream", times=1)
    emulator_process.fault("served", "slow_first_byte", seconds=2, times=1)
    variables = {"PYTHONPATH": str(folder)}
    with start(serving.written(configuration), **variables) as gateway:

        def ask(model: str, **more: object) -> int:
            body = {"model": model, "messages": HELLO, **more}
            with httpx.Client(base_url=gateway.url, trust_env=False, timeout=60) as client:
                return client.post(CHAT, json=body).status_code

        plain: list[dict[str, object]] = [{"seed": number} for number in range(10)]
        streams: list[dict[str, object]] = [{"seed": -1 - n, "stream": True} for n in range(5)]
        orders: list[tuple[str, dict[str, object]]] = [
            *[("chat", more) for more in plain],
            *[("chat", more) for more in streams],
            *[(name, {}) for name in ("retried", "falls", "cold", "nobody", "chat")],
            ("cut", {"stream": True}),
        ]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda order: ask(order[0], **order[1]), orders))
            slow = threads.submit(ask, "slow")
            tries = "sagegate_deployment_in_flight"
            until(lambda: scraped(gateway).sum(tries) == 1, "a try under way")
            assert slow.result() == OK
        send_half(gateway)
        gone = "sagegate_gone_clients_total"
        until(lambda: scraped(gateway).sum(gone) == 1, "its leaving")
        yield scraped(gateway)
    emulator_process.forget()


@pytest.mark.parametrize(("title", "query"), list(queries()), ids=[title for title, _ in queries()])
def test_every_query_finds_what_it_names(numbers: Numbers, title: str, query: str) -> None:
    """Each metric of a query has series on the page, and they have the labels that it wants."""
    labels: dict[str, set[str]] = defaultdict(set)
    for sample in numbers.samples:
        labels[sample.name] |= sample.labels.keys()
    metrics = named(query)
    for metric, wanted in metrics.items():
        assert metric in labels, f"{title}: {metric}"
        assert wanted <= labels[metric], f"{title}: {metric}"
    assert grouped(query) <= set().union(*(labels[metric] for metric in metrics)), title


def test_the_choice_of_models_finds_some(numbers: Numbers) -> None:
    """The dashboard's list of models asks for a metric and a label that there are."""
    (asked,) = (each for each in DASHBOARD["templating"]["list"] if each["name"] == "model")
    metric, label = asked["query"]["query"].removeprefix("label_values(").strip(")").split(", ")
    assert {each.labels[label] for each in numbers.samples if each.name == metric} >= {
        "chat",
        "falls",
    }
