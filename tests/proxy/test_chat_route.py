"""POST /chat/completions, with a scripted way to AWS."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from adapters.base import Json
from adapters.errors import (
    GatewayError,
    MalformedReply,
    ModelError,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, TEXT, config, entry, served


def chunk(content: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return b"data: " + orjson.dumps({"id": "c1", "created": 1, "choices": [choice]}) + b"\n\n"


def events(response: httpx.Response) -> list[Any]:
    """Give the stream's events; `[DONE]` stays text."""
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    blocks = response.text.split("\n\n")
    assert blocks.pop() == ""
    assert all(block.startswith("data: ") for block in blocks)
    return [
        "[DONE]" if block == "data: [DONE]" else orjson.loads(block.removeprefix("data: "))
        for block in blocks
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/chat/completions",
        "/v1/chat/completions",
        "/engines/chat/chat/completions",
        "/v1/engines/chat/chat/completions",
        "/openai/deployments/chat/chat/completions",
    ],
)
async def test_every_path_of_chat_answers(path: str) -> None:
    """With and without /v1, and with the model in the path, the answer is OpenAI's."""
    body = CHAT if "engines" not in path and "deployments" not in path else {**CHAT, "model": "x"}
    async with served(ScriptedInvoker(replies=[COMPLETION])) as client:
        response = await client.post(path, json=body)
    assert response.status_code == 200
    assert response.json() == {**COMPLETION, "model": "chat"}


async def test_a_path_that_names_the_model_needs_none_in_the_body() -> None:
    """Azure's and the old engines' clients name the model only in the path."""
    async with served(ScriptedInvoker(replies=[COMPLETION])) as client:
        path = "/openai/deployments/chat/chat/completions?api-version=2024-02-01"
        response = await client.post(path, json={"messages": CHAT["messages"]})
    assert response.json()["model"] == "chat"


async def test_the_answer_says_how_it_was_served() -> None:
    """Headers name the call, the deployment, AWS's request and the source of the counts."""
    async with served(ScriptedInvoker(replies=[[{"generated_text": "x"}]])) as client:
        response = await client.post(
            "/chat/completions", json=TEXT, headers={"x-litellm-call-id": "my-id.1"}
        )
        other = await client.post(
            "/chat/completions", json=TEXT, headers={"x-litellm-call-id": "bad id\t" * 40}
        )
    assert response.headers["x-litellm-call-id"] == "my-id.1"
    assert response.headers["x-amzn-requestid"] == "req-1"
    assert response.headers["x-amzn-invoked-production-variant"] == "AllTraffic"
    assert response.headers["x-litellm-model-group"] == "text"
    assert response.headers["x-sagegate-usage-source"] == "estimate"
    assert len(response.headers["x-litellm-model-id"]) == 16
    assert len(other.headers["x-litellm-call-id"]) == 36


async def test_a_stream_is_openais() -> None:
    """Role first, deltas, finish, [DONE]; no buffering, no cache."""
    script = ScriptedInvoker(streams=[[chunk("He"), chunk("llo", "stop") + b"data: [DONE]\n\n"]])
    async with served(script) as client:
        response = await client.post("/chat/completions", json={**CHAT, "stream": True})
    first, second, done = events(response)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "He"}
    assert second["choices"][0]["finish_reason"] == "stop"
    assert first["model"] == second["model"] == "chat"
    assert done == "[DONE]"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["x-litellm-model-group"] == "chat"
    assert script.opened[0].closed.is_set()


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (ModelError("bad top_p", status=422), 422, "invalid_request_error"),
        (ModelError("broken", status=500), 500, "upstream_error"),
        (Throttled("slow", retry_after=1.2, request_id="req-9"), 429, "rate_limit_error"),
        (UpstreamTimeout("late"), 504, "timeout_error"),
        (UpstreamError("AccessDeniedException", should_retry=False), 502, "upstream_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_before_the_first_byte_has_its_status(
    error: GatewayError, status: int, type_: str, stream: bool
) -> None:
    """Streaming or not, an early failure is JSON with the real status and its headers."""
    script = ScriptedInvoker(replies=[error], streams=[error])
    async with served(script) as client:
        response = await client.post("/chat/completions", json={**CHAT, "stream": stream})
    assert response.status_code == status
    assert response.json()["error"] == {
        "message": error.message,
        "type": type_,
        "param": None,
        "code": str(status),
    }
    if isinstance(error, Throttled):
        assert response.headers["retry-after"] == "2"
        assert response.headers["x-amzn-requestid"] == "req-9"
    if error.should_retry is False:
        assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "parts",
    [
        [chunk("He"), MalformedReply("cut")],
        [chunk("He"), b'data: {"error": {"message": "cut", "code": 502}}\n\n'],
        [chunk("He")],
    ],
)
async def test_a_failure_after_the_first_byte_is_an_event_without_done(parts: list[Any]) -> None:
    """What came is kept, the failure is the last event, and nothing says that all was well."""
    script = ScriptedInvoker(streams=[parts])
    async with served(script) as client:
        response = await client.post("/chat/completions", json={**CHAT, "stream": True})
    first, last = events(response)
    assert first["choices"][0]["delta"]["content"] == "He"
    assert last["error"]["type"] == "upstream_error"
    assert script.opened[0].closed.is_set()


async def test_a_fault_of_ours_in_a_stream_is_a_plain_event() -> None:
    """A bug in the middle of a stream ends it with an error that says nothing of the inside."""
    script = ScriptedInvoker(streams=[[chunk("He"), ZeroDivisionError("secret")]])
    async with served(script) as client:
        response = await client.post("/chat/completions", json={**CHAT, "stream": True})
    assert events(response)[-1]["error"]["type"] == "internal_error"
    assert "secret" not in response.text


async def test_a_fault_of_ours_is_a_plain_500() -> None:
    """A bug gives OpenAI's envelope and a call id, never a traceback."""
    script = ScriptedInvoker()  # an empty script: the invoker itself breaks
    async with served(script) as client:
        response = await client.post("/chat/completions", json=CHAT)
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "internal_error"
    assert response.headers["x-litellm-call-id"]
    assert "IndexError" not in response.text


async def test_a_deployments_time_is_a_deadline() -> None:
    """When the configured time is over the answer is 408, and the call is cancelled."""
    script = ScriptedInvoker(replies=[None])
    settings = config(model_list=[entry("chat", "sagemaker_chat/e", timeout=0.05)])
    async with served(script, settings) as client:
        response = await client.post("/chat/completions", json=CHAT)
    assert response.status_code == 408
    assert response.json()["error"]["type"] == "timeout_error"
    assert script.cancelled.is_set()


async def test_a_stream_that_gives_nothing_in_its_time_is_a_deadline() -> None:
    """`stream_timeout` bounds the wait for the first chunk."""
    script = ScriptedInvoker(streams=[[None]])
    settings = config(model_list=[entry("chat", "sagemaker_chat/e", stream_timeout=0.05)])
    async with served(script, settings) as client:
        response = await client.post("/chat/completions", json={**CHAT, "stream": True})
    assert response.status_code == 408
    assert script.opened[0].closed.is_set()


async def test_defaults_and_requests_meet_in_the_body() -> None:
    """YAML gives defaults, the request wins, `extra_body` is merged, null counts as not given."""
    script = ScriptedInvoker(replies=[COMPLETION])
    model = entry("chat", "sagemaker_chat/e", temperature=0.2, top_k=5, extra_body={"min_p": 0.1})
    ask: Json = {
        **CHAT,
        "temperature": 0.7,
        "top_p": None,
        "extra_body": {"guided_json": {"a": 1}},
        "metadata": {"trace": "x"},
        "tags": ["a"],
        "num_retries": 3,
    }
    async with served(script, config(model_list=[model])) as client:
        await client.post("/chat/completions", json=ask)
    assert script.bodies[0] == {
        "messages": CHAT["messages"],
        "model": "",
        "temperature": 0.7,
        "top_k": 5,
        "min_p": 0.1,
        "guided_json": {"a": 1},
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"body_model": "endpoint"}, "my-endpoint"),
        ({"body_model": "text"}, "text"),
        ({"hf_model_name": "org/model"}, "org/model"),
        ({"hf_model_name": "org/model", "body_model": "own"}, "own"),
        ({}, ""),
    ],
)
async def test_body_model_decides_what_the_container_sees(settings: Json, expected: str) -> None:
    """The container's `model` is chosen by configuration; the client sees the public name."""
    script = ScriptedInvoker(replies=[COMPLETION])
    model = entry("chat", "sagemaker_chat/my-endpoint", **settings)
    async with served(script, config(model_list=[model])) as client:
        response = await client.post("/chat/completions", json=CHAT)
    assert script.bodies[0]["model"] == expected
    assert response.json()["model"] == "chat"


async def test_body_model_omit_leaves_the_key_out() -> None:
    """`body_model: omit` is for containers that refuse the key."""
    script = ScriptedInvoker(replies=[COMPLETION])
    model = entry("chat", "sagemaker_chat/my-endpoint", body_model="omit")
    async with served(script, config(model_list=[model])) as client:
        await client.post("/chat/completions", json=CHAT)
    assert "model" not in script.bodies[0]


async def test_deployments_of_one_name_share_the_requests() -> None:
    """Equal names form a group; each of its deployments is chosen sooner or later."""
    script = ScriptedInvoker(replies=[COMPLETION])
    models = [entry("chat", f"sagemaker_chat/e{number}") for number in (1, 2)]
    async with served(script, config(model_list=models)) as client:
        ids = {
            (await client.post("/chat/completions", json=CHAT)).headers["x-litellm-model-id"]
            for _ in range(40)
        }
    assert len(ids) == 2
    assert {target.endpoint for _, target, _, _ in script.calls} == {"e1", "e2"}


async def test_an_answer_that_can_be_read_but_not_written_is_502() -> None:
    """Depth that orjson reads and can't write is the container's fault."""
    body = b'{"deep": ' + b"[" * 400 + b"]" * 400 + b", " + orjson.dumps(COMPLETION)[1:]
    async with served(ScriptedInvoker(replies=[body])) as client:
        response = await client.post("/chat/completions", json=CHAT)
    assert response.status_code == 502


async def test_public_names_of_any_script_are_served() -> None:
    """A name that no header can hold is percent-encoded there, and itself in the body."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script, config(model_list=[entry("模型", "sagemaker_chat/e")])) as client:
        response = await client.post("/chat/completions", json={**CHAT, "model": "模型"})
    assert response.json()["model"] == "模型"
    assert response.headers["x-litellm-model-group"] == "%E6%A8%A1%E5%9E%8B"


async def test_names_with_slashes_stand_in_paths_too() -> None:
    """A model that is named like its repository is found under every path."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script, config(model_list=[entry("org/m", "sagemaker_chat/e")])) as client:
        for path in (
            "/v1/engines/org/m/chat/completions",
            "/openai/deployments/org%2Fm/chat/completions",
        ):
            assert (await client.post(path, json=CHAT)).json()["model"] == "org/m"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_new_tokens"])
@pytest.mark.parametrize("default", ["max_tokens", "max_completion_tokens", "max_new_tokens"])
async def test_a_token_limit_wins_under_whichever_name(name: str, default: str) -> None:
    """The request's limit beats the configured one, although they have three names."""
    script = ScriptedInvoker(replies=[[{"generated_text": "x"}]])
    model = entry("text", "sagemaker/e", **{default: 50})
    async with served(script, config(model_list=[model])) as client:
        await client.post("/chat/completions", json={**TEXT, name: 3})
    assert script.bodies[0]["parameters"] == {"max_new_tokens": 3}
