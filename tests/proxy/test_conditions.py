"""GET /health: what recent traffic says, in LiteLLM's shape."""

from __future__ import annotations

from typing import Any

import httpx

from adapters.errors import EndpointCold, Throttled, UpstreamError
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, KEY, config, entry, served

GROUP = [
    {**entry("chat", "sagemaker_chat/one"), "model_info": {"id": "d1"}},
    {**entry("chat", "sagemaker_chat/two"), "model_info": {"id": "d2"}},
    {**entry("sm/*", "sagemaker_chat/*")},
]


async def health(client: httpx.AsyncClient) -> dict[str, list[dict[str, object]]]:
    answer = await client.get("/health")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    for kind in ("healthy", "unhealthy"):
        assert told.pop(f"{kind}_count") == len(told[f"{kind}_endpoints"])
    return told


async def test_nothing_is_called_for_it() -> None:
    """Before any traffic every deployment counts as healthy, and none is asked."""
    invoker = ScriptedInvoker()
    async with served(invoker, config(model_list=GROUP)) as client:
        told = await health(client)
    assert [each["model_id"] for each in told["healthy_endpoints"]] == ["d1", "d2"]
    assert told["unhealthy_endpoints"] == []
    assert invoker.calls == []


async def test_a_resting_deployment_is_unhealthy() -> None:
    """With the seconds of rest that are left, and the kind of its last failure."""
    invoker = ScriptedInvoker(replies=[Throttled("the prompt"), COMPLETION])
    async with served(invoker, config(model_list=GROUP), KEY) as client:
        assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 200
        told = await health(client)
    (resting,) = told["unhealthy_endpoints"]
    left, failure = resting.pop("seconds_left"), resting.pop("last_failure")
    assert isinstance(left, float)
    assert 0 < left <= 5
    assert isinstance(failure, dict)
    assert (failure["type"], failure["status"]) == ("Throttled", 429)
    named = {"d1": "one", "d2": "two"}[str(resting["model_id"])]
    assert resting == {
        "model": "chat",
        "model_id": resting["model_id"],
        "status": "resting",
        "in_flight": 0,
        "endpoint": named,
    }


async def test_a_cold_deployment_is_unhealthy() -> None:
    """While its endpoint starts, with the seconds so far and how many requests wait for it."""
    invoker = ScriptedInvoker(replies=[EndpointCold("x", code="no_capacity"), COMPLETION])
    async with served(invoker, config(model_list=GROUP)) as client:
        assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 200
        told = await health(client)
    (cold,) = told["unhealthy_endpoints"]
    assert (cold["status"], cold["waiting"], cold["seconds_left"]) == ("cold", 0, 0)
    assert isinstance(cold["cold_for"], float)
    assert "last_failure" not in cold


async def test_a_lone_deployment_that_fails_is_unhealthy() -> None:
    """Also one that a wildcard made."""
    invoker = ScriptedInvoker(replies=[UpstreamError("x")])
    settings = config(model_list=GROUP, router_settings={"num_retries": 0})
    async with served(invoker, settings) as client:
        await client.post("/v1/chat/completions", json={**CHAT, "model": "sm/far"})
        told = await health(client)
    (failing,) = told["unhealthy_endpoints"]
    assert (failing["model"], failing["status"]) == ("sm/far", "failing")


async def test_who_is_no_administrator_sees_no_endpoint() -> None:
    """A path that the operator made public tells models and states only."""
    general = {"public_routes": ["/health"]}
    async with served(settings=config(general_settings=general), master_key=KEY) as client:
        del client.headers["authorization"]
        told = await health(client)
    assert all("endpoint" not in each for each in told["healthy_endpoints"])
    assert len(told["healthy_endpoints"]) == 2
