"""GET /health with calls and with AWS's word, and rounds of both beside the requests."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from adapters.errors import ModelError, Throttled
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, KEY, config, entry, served
from tests.proxy.wildcards.account import DENIED, ScriptedAccount

REQUESTS = "litellm_proxy_total_requests_metric_total"


def models(**info: Any) -> list[dict[str, Any]]:
    one = {**entry("chat", "sagemaker_chat/one"), "model_info": {"id": "d1", **info}}
    limits = entry("other", "sagemaker_chat/two", rpm=1, model_id="part")
    return [one, {**limits, "model_info": {"id": "d2"}}]


def rows(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    """The deployments by their ids."""
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return {
        row["model_id"]: {**row, "healthy": kind == "healthy"}
        for kind in ("healthy", "unhealthy")
        for row in told[f"{kind}_endpoints"]
    }


async def test_active_calls_every_deployment_once() -> None:
    """Each gets one tiny call, and the answer says which failed and how."""
    script = ScriptedInvoker(replies=[COMPLETION, ModelError("Broken.", status=500)])
    async with served(script, config(model_list=models()), KEY) as client:
        found = rows(await client.get("/health?active=true"))
        assert len(script.calls) == 2
        again = rows(await client.get("/health"))
    (bad,) = [row for row in found.values() if not row["healthy"]]
    (good,) = [row for row in found.values() if row["healthy"]]
    assert good["call"]["status"] == 200
    assert (bad["status"], bad["call"]["status"]) == ("check_failed", 500)
    assert (bad["call"]["error_type"], bad["call"]["error"]) == ("ModelError", "Broken.")
    assert again[bad["model_id"]]["call"]["seconds_ago"] >= 0
    assert len(script.calls) == 2


async def test_a_check_is_no_traffic() -> None:
    """No limit, cooldown or metric knows of it, even where it fails again and again."""
    script = ScriptedInvoker(replies=[Throttled("busy")])
    async with served(script, config(model_list=models())) as client:
        for _ in range(4):
            await client.get("/health?active=true&model=other")
        found = rows(await client.get("/health?active=true&model=other"))
        page = (await client.get("/metrics")).text
        assert found["d2"]["in_flight"] == 0
        assert "last_failure" not in found["d2"]
        assert f"{REQUESTS}{{" not in page
        assert "sagegate_throttles_total{" not in page
        script.replies.append(COMPLETION)
        script.replies.pop(0)
        answer = await client.post("/v1/chat/completions", json={**CHAT, "model": "other"})
    assert answer.status_code == 200, answer.text  # of its one request a minute nothing is used


async def test_only_an_administrator_may_ask_for_calls() -> None:
    """Somebody else's key gets 403, and nothing is called; a wrong word is 400."""
    script = ScriptedInvoker(replies=[COMPLETION])
    settings = config(model_list=models(), keys=[{"key": "sk-the-key-of-a-team", "alias": "team"}])
    async with served(script, settings, KEY, shown="sk-the-key-of-a-team") as client:
        assert (await client.get("/health?active=true")).status_code == 403
        assert (await client.get("/health?active=maybe")).status_code == 400
        assert set(rows(await client.get("/health?active=false"))) == {"d1", "d2"}
    assert script.calls == []


async def test_one_model() -> None:
    """`?model=` is about the deployments of that name."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script, config(model_list=models())) as client:
        assert set(rows(await client.get("/health?model=chat&active=true"))) == {"d1"}
    assert len(script.calls) == 1


async def test_without_details() -> None:
    """`health_check_details: false` leaves names and states."""
    settings = config(model_list=models(), general_settings={"health_check_details": False})
    async with served(ScriptedInvoker(replies=[COMPLETION]), settings) as client:
        found = rows(await client.get("/health?active=true"))
    assert found["d1"] == {
        "model": "chat",
        "model_id": "d1",
        "status": "healthy",
        "healthy": True,
    }


async def test_a_call_has_its_time() -> None:
    """A deployment that does not answer within its `health_check_timeout` has failed."""
    script = ScriptedInvoker(replies=[None])
    settings = config(model_list=models(health_check_timeout=0.01)[:1])
    async with served(script, settings) as client:
        found = rows(await client.get("/health?active=true"))
    assert found["d1"]["call"]["status"] == 408


async def found_in(client: httpx.AsyncClient, kind: str, *ids: str) -> dict[str, dict[str, Any]]:
    """The rows, once these have such a finding."""
    async with asyncio.timeout(20):
        while True:
            found = rows(await client.get("/health"))
            if all(kind in found[each] for each in ids):
                return found
            await asyncio.sleep(0)


async def test_background_checks() -> None:
    """Each deployment is called once in an interval, but for those that do not want it."""
    script = ScriptedInvoker(replies=[ModelError("x", status=503)])
    settings = config(
        model_list=models(disable_background_health_check=True),
        general_settings={"background_health_checks": True},
    )
    async with served(script, settings, account=ScriptedAccount()) as client:
        found = await found_in(client, "call", "d2")
    assert (found["d2"]["healthy"], found["d1"]["healthy"]) == (False, True)
    assert "call" not in found["d1"]
    assert [target.endpoint for _, target, _, _ in script.calls] == ["two"]


async def test_what_aws_says() -> None:
    """AWS is asked for endpoints and components; a state in which none answers is unhealthy."""
    account = ScriptedAccount(
        endpoints={"two": "InService"}, components={"two": {"part": "InService"}}
    )
    settings = config(model_list=models(), general_settings={"describe_endpoints": True})
    script = ScriptedInvoker()
    async with served(script, settings, account=account) as client:
        found = await found_in(client, "endpoint_state", "d1", "d2")
    assert (found["d1"]["endpoint_state"]["status"], found["d1"]["healthy"]) == ("NotFound", False)
    state = found["d2"]["endpoint_state"]
    assert (state["status"], state["component"], found["d2"]["healthy"]) == (
        "InService",
        "InService",
        True,
    )
    assert account.calls == [
        "describe_endpoint one",
        "describe_endpoint two",
        "describe_component part",
    ]
    assert script.calls == []


async def test_what_aws_does_not_say() -> None:
    """A missing permission makes the state unknown, which is nobody's fault."""
    account = ScriptedAccount(error=DENIED)
    settings = config(model_list=models(), general_settings={"describe_endpoints": True})
    async with served(ScriptedInvoker(), settings, account=account) as client:
        found = await found_in(client, "endpoint_state", "d1", "d2")
    assert found["d1"]["endpoint_state"]["status"] == "unknown"
    assert found["d1"]["healthy"]


async def test_rounds_are_off_unless_asked_for() -> None:
    """By default nothing is called and AWS is not asked."""
    account, script = ScriptedAccount(), ScriptedInvoker()
    async with served(script, config(model_list=models()), account=account) as client:
        assert set(rows(await client.get("/health"))) == {"d1", "d2"}
    assert account.calls == []
    assert script.calls == []
