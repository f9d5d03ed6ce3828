"""Callbacks of a served configuration: what they hear, and what they may do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.errors import ModelError
from proxy.config.schema import ProxyConfig
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.callbacks.heard import listening, told
from tests.proxy.served import CHAT, COMPLETION, KEY, config, entry, served

CHUNKS = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)
FAILURES = "sagegate_callback_failures_total"


def with_callbacks(**more: Any) -> ProxyConfig:
    return config(
        model_list=[
            entry("chat", "sagemaker_chat/chat-endpoint"),
            entry("text", "sagemaker/text-endpoint"),
            entry("embed", "sagemaker/embed", format="hf_embed"),
            entry("rank", "sagemaker/rank", format="tei_rerank"),
        ],
        litellm_settings={"callbacks": ["ears.ear"], **more},
    )


def sent(invoker: ScriptedInvoker) -> dict[str, Any]:
    """The body of the last call upstream."""
    body: dict[str, Any] = orjson.loads(invoker.calls[-1][2].body)
    return body


@pytest.mark.parametrize(
    ("path", "body", "reply"),
    [
        ("chat/completions", CHAT, COMPLETION),
        ("completions", {"model": "text", "prompt": "Hi"}, [{"generated_text": "Hello"}]),
        ("embeddings", {"model": "embed", "input": "Hi"}, [[0.5, 0.5]]),
        ("rerank", {"model": "rank", "query": "a", "documents": ["b"]}, [{"index": 0, "score": 1}]),
    ],
)
async def test_every_route(tmp_path: Path, path: str, body: dict[str, Any], reply: Any) -> None:
    """Each route's requests are shown before, and told of after, whatever they are for."""
    ear = listening(tmp_path)
    invoker = ScriptedInvoker(replies=[reply])
    async with served(invoker, with_callbacks(), folder=tmp_path) as client:
        answer = await client.post(f"/v1/{path}", json=body, headers={"x-litellm-call-id": "mine"})
    assert answer.status_code == 200, answer.text
    (before, asked), (after, record) = told(ear, 2)
    assert (before, after) == ("pre_call", "success")
    assert asked.call_id == record.call_id == "mine"
    assert asked.task == record.task
    assert (record.model, record.outcome, record.status) == (body["model"], "ok", 200)
    assert record.seconds >= record.upstream_seconds >= 0


async def test_streams(tmp_path: Path) -> None:
    """A stream's end is an event of its own, and comes before its success."""
    ear = listening(tmp_path)
    invoker = ScriptedInvoker(streams=[[CHUNKS]])
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    async with served(invoker, with_callbacks(), folder=tmp_path) as client:
        body = {**CHAT, "stream": True}
        await client.post("/v1/chat/completions", json=body, headers=headers)
    events = told(ear, 3)
    assert [name for name, _ in events] == ["pre_call", "stream_end", "success"]
    record = events[-1][1]
    assert (record.stream, record.trace_id) == (True, trace)


async def test_failures(tmp_path: Path) -> None:
    """A failed call is told with its status and its class, and never with a container's words."""
    ear = listening(tmp_path)
    invoker = ScriptedInvoker(replies=[ModelError("secret words", status=422)])
    async with served(invoker, with_callbacks(), folder=tmp_path) as client:
        assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 422
    _, (name, record) = told(ear, 2)
    assert (name, record.status, record.error_type) == ("failure", 422, "ModelError")
    assert "secret words" not in repr(record)


async def test_a_hook_changes_a_request(tmp_path: Path) -> None:
    """What a pre-call hook changes in place, or gives back, is asked for; also the model."""
    ear = listening(tmp_path)

    def change(_: Any, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "model": "chat", "temperature": 0.5}

    ear.before = change
    invoker = ScriptedInvoker(replies=[COMPLETION])
    async with served(invoker, with_callbacks(), folder=tmp_path) as client:
        body = {**CHAT, "model": "nobody"}
        answer = await client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200
        assert sent(invoker)["temperature"] == 0.5
        ear.before = lambda _, body: body.update(temperature=0.25)
        await client.post("/v1/chat/completions", json=CHAT)
    assert sent(invoker)["temperature"] == 0.25


class Refusal(Exception):
    """As `fastapi.HTTPException` is."""

    def __init__(self, status_code: int) -> None:
        super().__init__()
        self.status_code = status_code
        self.detail = "not today"


def raising(error: Exception) -> Callable[[Any, Any], None]:
    def hook(_: Any, __: Any) -> None:
        raise error

    return hook


@pytest.mark.parametrize(
    ("hook", "status"),
    [(lambda _, __: "not today", 400), (raising(Refusal(403)), 403), (raising(Refusal(429)), 429)],
)
async def test_a_hook_refuses(tmp_path: Path, hook: Any, status: int) -> None:
    """A text, or an error with a 4xx status, is the client's answer; nothing is sent upstream."""
    ear = listening(tmp_path)
    ear.before = hook
    invoker = ScriptedInvoker(replies=[COMPLETION])
    async with served(invoker, with_callbacks(), folder=tmp_path) as client:
        answer = await client.post("/v1/chat/completions", json=CHAT)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["message"], error["code"]) == ("not today", "refused_by_callback")
    assert invoker.calls == []


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (raising(KeyError("x")), "error"),
        (raising(Refusal(500)), "error"),
        (lambda _, __: 7, "error"),
        (lambda _, __: {"model": {1, 2}}, "error"),
        (lambda _, __: {"model": "nobody", "messages": []}, "edit"),
        (lambda _, __: {}, "edit"),
    ],
)
async def test_a_faulty_hook_fails_no_request(tmp_path: Path, hook: Any, reason: str) -> None:
    """Whatever a hook raises or makes of a request, the client's own is answered; it is counted."""
    ear = listening(tmp_path)
    ear.before = hook
    invoker = ScriptedInvoker(replies=[COMPLETION])
    async with served(invoker, with_callbacks(), folder=tmp_path) as client:
        answer = await client.post("/v1/chat/completions", json=CHAT)
        assert answer.status_code == 200, answer.text
        page = (await client.get("/metrics")).text
    labels = f'callback="ears.ear",hook="pre_call",reason="{reason}"'
    assert f"{FAILURES}{{{labels}}} 1.0" in page
    assert sent(invoker)["messages"] == CHAT["messages"]


async def test_the_clients_own_fault_stays_its_own(tmp_path: Path) -> None:
    """A request that is none with and without the hook's change is no fault of the hook."""
    ear = listening(tmp_path)
    ear.before = lambda _, body: body.update(temperature=1)
    async with served(None, with_callbacks(), folder=tmp_path) as client:
        answer = await client.post("/v1/chat/completions", json={**CHAT, "messages": "x"})
        assert answer.status_code == 400
        assert "ears.ear" not in (await client.get("/metrics")).text


async def test_a_key_is_asked_for_the_model_that_is_meant(tmp_path: Path) -> None:
    """A hook can't lend a key a model: the key's own request goes on."""
    ear = listening(tmp_path)
    ear.before = lambda _, body: body.update(model="text")
    invoker = ScriptedInvoker(replies=[COMPLETION])
    settings = with_callbacks().model_dump(mode="python")
    settings["keys"] = [{"key": "sk-the-key-of-a-team", "alias": "team", "models": ["chat"]}]
    scope = ProxyConfig.model_validate(settings)
    async with served(invoker, scope, KEY, folder=tmp_path, shown="sk-the-key-of-a-team") as client:
        answer = await client.post("/v1/chat/completions", json=CHAT)
    assert answer.status_code == 200, answer.text
    assert invoker.calls[0][1].endpoint == "chat-endpoint"


async def test_a_slow_hook_delays_a_request_by_its_bound_only(tmp_path: Path) -> None:
    """A hook that blocks its thread is waited for so long; what it does later changes nothing."""
    ear = listening(tmp_path)
    done = threading.Event()

    def block(_: Any, body: dict[str, Any]) -> None:
        ear.released.wait(60)
        body["temperature"] = 1
        done.set()

    ear.before = block
    invoker = ScriptedInvoker(replies=[COMPLETION])
    settings = with_callbacks(callback_timeout=0.05)
    async with served(invoker, settings, folder=tmp_path) as client:
        for _ in range(3):
            assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 200
        page = (await client.get("/metrics")).text
        ear.released.set()
    assert 'reason="timeout"} 3.0' in page
    assert done.wait(20)
    assert all("temperature" not in orjson.loads(call[2].body) for call in invoker.calls)


async def test_a_faulty_listener_is_counted(tmp_path: Path) -> None:
    """What a hook raises after the answer is logged and counted; the others still hear."""
    ear = listening(tmp_path)
    code = "class E:\n  def success(self, record): raise KeyError('x')\near = E()"
    listening(tmp_path, "deaf", code)
    settings = with_callbacks(success_callback=["deaf.ear"])
    async with served(ScriptedInvoker(replies=[COMPLETION]), settings, folder=tmp_path) as client:
        await client.post("/v1/chat/completions", json=CHAT)
        assert told(ear, 2)[1][0] == "success"
        await client.post("/v1/chat/completions", json=CHAT)
        told(ear, 2)
        page = (await client.get("/metrics")).text
    assert f'{FAILURES}{{callback="deaf.ear",hook="success",reason="error"}}' in page


async def test_answers_of_the_cache_are_told_too(tmp_path: Path) -> None:
    """An answer that was given before is a success like any other, and says where it came from."""
    ear = listening(tmp_path)
    invoker = ScriptedInvoker(replies=[COMPLETION])
    async with served(invoker, with_callbacks(cache=True), folder=tmp_path) as client:
        for _ in range(2):
            await client.post("/v1/chat/completions", json=CHAT)
    records = [record for name, record in told(ear, 4) if name == "success"]
    assert [record.cache for record in records] == ["miss", "hit"]
