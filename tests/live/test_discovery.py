"""Wildcards and discovery with real processes: the control plane is asked, signed and in pages."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.server import running_emulator
from emulator.settings import parse
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import error_of
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY, assert_log_is_clean
from tests.live.serving import Yaml, model, written

#: More than the control plane gives at once.
MANY = 120
ENDPOINTS = {
    **{f"bulk-{number:03}": {"kind": "messages"} for number in range(MANY)},
    "llm-search-prod": {"kind": "messages", "tags": {"team": "search"}},
    "llm-other-prod": {"kind": "messages", "tags": {"team": "other"}},
    "llm-failed-prod": {"kind": "messages", "status": "Failed", "tags": {"team": "search"}},
    "llm-parts-prod": {
        "kind": "messages",
        "status": "Updating",
        "inference_components": ["one", "two"],
        "tags": {"team": "search"},
    },
}
SEARCH = {"name_contains": "prod", "tags": {"team": "search"}, "components": True}


def settings(**more: Any) -> Yaml:
    """An emulator's settings."""
    credentials = [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}]
    return {"regions": [REGION], "credentials": credentials, "endpoints": ENDPOINTS, **more}


def configuration(emulator: str, *models: Yaml) -> str:
    """A gateway's configuration."""
    defaults = {
        "sagemaker_base_url": emulator,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region_name": REGION,
    }
    return written(
        {
            "model_list": list(models),
            "router_settings": {"default_litellm_params": defaults},
        }
    )


@pytest.fixture(scope="module")
def account() -> Iterator[Emulated]:
    """An account with many endpoints."""
    with running_emulator(parse(settings(), "test")) as url:
        emulated = Emulated(url)
        yield emulated
        emulated.close()


def test_live_endpoints_are_listed_served_and_nothing_else_is(
    start: StartGateway, account: Emulated
) -> None:
    """All pages, filtered by name, tag and state; components are called as such."""
    models = (
        model("search/*", "sagemaker_chat/llm-*-prod", discover=SEARCH),
        model("bulk/*", "sagemaker_chat/bulk-*", discover={}),
        model("exact", "sagemaker_chat/llm-other-prod"),
    )
    text = configuration(account.url, *models)
    with start(text, AWS_ENDPOINT_URL_SAGEMAKER=account.url) as gateway:
        gateway.process.wait_for_line("discovery.changed", "search/*")
        gateway.process.wait_for_line("discovery.changed", "bulk/*")
        listed = {
            each["id"]: each.get("status") for each in gateway.http.get("/v1/models").json()["data"]
        }
        bulk = {f"bulk/{number:03}": "InService" for number in range(MANY)}
        assert listed == {
            "exact": None,
            "search/search": "InService",
            "search/parts/one": "InService",
            "search/parts/two": "InService",
            **bulk,
        }
        account.forget()
        for name in ("search/search", "search/parts/two", "bulk/119"):
            assert gateway.chat(name).json()["model"] == name
        for name in ("search/other", "search/failed", "search/parts", "search/parts/three", "x"):
            answer = gateway.chat(name)
            assert answer.status_code == 404
            assert error_of(answer)["code"] == "model_not_found"
        sent = account.requests()
        assert [each["endpoint"] for each in sent] == [
            "llm-search-prod",
            "llm-parts-prod",
            "bulk-119",
        ]
        assert_log_is_clean(f"{gateway.process.out}\n{gateway.process.err}")


def test_without_the_permission_only_named_endpoints_are_served(start: StartGateway) -> None:
    """One clear line, an allow-list that works, and a start and an end as ever."""
    denying = settings(policy={"deny": ["sagemaker:List*"]})
    models = (
        model("a/*", "sagemaker_chat/*", discover={}, allowed_endpoints=["llm-search-*"]),
        model("b/*", "sagemaker_chat/*", discover={}),
    )
    with (
        running_emulator(parse(denying, "test")) as url,
        start(configuration(url, *models), AWS_ENDPOINT_URL_SAGEMAKER=url) as gateway,
    ):
        gateway.process.wait_for_line("discovery.denied", "sagemaker:ListEndpoints", "a/*")
        gateway.process.wait_for_line("discovery.denied", "sagemaker:ListEndpoints", "b/*")
        assert gateway.http.get("/v1/models").json()["data"] == []
        assert gateway.chat("a/llm-search-prod").status_code == 200
        assert gateway.chat("a/llm-other-prod").status_code == 404
        assert gateway.chat("b/llm-search-prod").status_code == 404


def test_a_control_plane_that_is_not_there_stops_nothing(
    start: StartGateway, account: Emulated
) -> None:
    """The gateway serves what the configuration names, and ends at once although it is asking."""
    models = (model("a/*", "sagemaker_chat/*", discover={}, allowed_endpoints=["llm-search-prod"]),)
    text = configuration(account.url, *models)
    nobody = "http://127.0.0.1:9"
    with start(text, AWS_ENDPOINT_URL_SAGEMAKER=nobody) as gateway:
        assert gateway.chat("a/llm-search-prod").status_code == 200
        gateway.process.send(signal.SIGTERM)
        assert gateway.process.ended() == 0


def test_a_wildcard_without_bounds_is_told_and_asks_nobody(
    start: StartGateway, account: Emulated
) -> None:
    """It serves whatever fits, hostile names excepted; the start says what that means."""
    account.forget()
    text = configuration(account.url, model("any/*", "sagemaker_chat/*"))
    with start(text) as gateway:
        gateway.process.wait_for_line("every endpoint of the account and region", "any/*")
        assert gateway.chat("any/llm-other-prod").status_code == 200
        for name in ("../llm-other-prod", "llm-other-prod%2f..", "llm-other-prod\n", "*", "a" * 64):
            assert gateway.chat(f"any/{name}").status_code == 404
        assert [each["endpoint"] for each in account.requests()] == ["llm-other-prod"]
