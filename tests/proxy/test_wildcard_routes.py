"""Models with a `*` over HTTP: what is listed, what is served, and what nobody reaches."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, config, entry, served
from tests.proxy.wildcards.account import ScriptedAccount
from tests.proxy.wildcards.registries import HOSTILE

EXACT = entry("chat", "sagemaker_chat/chat-endpoint")
ANY = entry("sm/*", "sagemaker_chat/*")
FOUND = entry("sm/*", "sagemaker_chat/*", discover={})


def names(answer: httpx.Response) -> list[str]:
    return [model["id"] for model in answer.json()["data"]]


async def test_a_wildcard_serves() -> None:
    """Whole answers and streams carry the name that the client asked for."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script, config(model_list=[EXACT, ANY])) as client:
        answer = await client.post("/chat/completions", json={**CHAT, "model": "sm/my-endpoint"})
    assert answer.json()["model"] == "sm/my-endpoint"
    assert answer.headers["x-litellm-model-group"] == "sm/my-endpoint"
    assert [target.endpoint for _, target, *_ in script.calls] == ["my-endpoint"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("model", [ANY, entry("sm/*", "sagemaker_chat/*", allowed_endpoints=["*"])])
async def test_a_hostile_name_is_404_and_nothing_is_sent(model: dict[str, Any], text: str) -> None:
    """In a body and in a path: OpenAI's envelope, and no call (C4)."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script, config(model_list=[model])) as client:
        answers = [await client.post("/chat/completions", json={**CHAT, "model": f"sm/{text}"})]
        # Clients resolve dots in paths themselves, and routes drop a line's end.
        if ".." not in text and not text.endswith("\n") and len(text) < 100:
            answers.append(await client.get(f"/v1/models/sm/{quote(text, safe='')}"))
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert answers[0].json()["error"]["code"] == "model_not_found"
    assert script.calls == []


async def test_an_endpoint_that_is_not_allowed_is_404() -> None:
    """The list is the boundary, whatever IAM would allow (C5)."""
    script = ScriptedInvoker(replies=[COMPLETION])
    model = entry("sm/*", "sagemaker_chat/*", allowed_endpoints=["a"])
    async with served(script, config(model_list=[model])) as client:
        refused = await client.post("/chat/completions", json={**CHAT, "model": "sm/b"})
        allowed = await client.post("/chat/completions", json={**CHAT, "model": "sm/a"})
    assert (refused.status_code, allowed.status_code) == (404, 200)
    assert len(script.calls) == 1


async def test_patterns_are_not_listed_and_their_names_are_shown() -> None:
    """`/models` has names that can be asked for; a name that fits is a model all the same."""
    async with served(settings=config(model_list=[ANY, EXACT])) as client:
        assert names(await client.get("/v1/models")) == ["chat"]
        shown = (await client.get("/v1/models/sm/e")).json()
        pattern = await client.get("/v1/models/sm/*")
    assert (shown["id"], shown["object"]) == ("sm/e", "model")
    assert "status" not in shown
    assert pattern.status_code == 404


async def test_what_was_discovered_is_listed_shown_and_served() -> None:
    """With AWS's word for its state, which a configured model does not have."""
    account = ScriptedAccount({"a": "InService", "b": "Updating", "c": "Failed"})
    script = ScriptedInvoker(replies=[COMPLETION])
    settings = config(model_list=[FOUND, EXACT])
    async with served(script, settings, account=account) as client:
        await account.asked.wait()
        models = (await client.get("/v1/models")).json()["data"]
        shown = (await client.get("/models/sm/b")).json()
        info = (await client.get("/model/info")).json()["data"]
        known = await client.post("/chat/completions", json={**CHAT, "model": "sm/a"})
        unknown = await client.post("/chat/completions", json={**CHAT, "model": "sm/c"})
    assert [(model["id"], model.get("status")) for model in models] == [
        ("chat", None),
        ("sm/a", "InService"),
        ("sm/b", "Updating"),
    ]
    assert shown == models[2]
    assert [(card["model_name"], card["model_info"].get("status")) for card in info] == [
        ("chat", None),
        ("sm/*", None),
        ("sm/a", "InService"),
        ("sm/b", "Updating"),
    ]
    assert (known.status_code, unknown.status_code) == (200, 404)
    assert account.calls == ["list_endpoints None"]


async def test_no_request_waits_for_the_account() -> None:
    """While AWS does not answer, everything else does, and the application still ends."""
    account = ScriptedAccount({"a": "InService"})
    account.open.clear()
    script = ScriptedInvoker(replies=[COMPLETION])
    async with (
        asyncio.timeout(10),
        served(script, config(model_list=[EXACT, FOUND]), account=account) as client,
    ):
        assert names(await client.get("/v1/models")) == ["chat"]
        assert (await client.post("/chat/completions", json=CHAT)).status_code == 200
        early = await client.post("/chat/completions", json={**CHAT, "model": "sm/a"})
        assert early.status_code == 404
