"""The cache as clients and operators meet it: bodies, headers, the log, and the cache's routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from adapters.errors import Throttled
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.conftest import Logged
from tests.proxy.served import CHAT, COMPLETION, KEY, TEXT, config, entry, served
from tests.redis_server import RedisServer, serve_redis

HEAD = {"id": "c2", "object": "chat.completion.chunk", "created": 2, "model": "w"}
DELTA = {"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
CHUNKS = [
    b"data: " + orjson.dumps({**HEAD, "choices": [DELTA]}) + b"\n\n",
    b"data: " + orjson.dumps({**HEAD, "choices": [], "usage": COMPLETION["usage"]}) + b"\n\n",
    b"data: [DONE]\n\n",
]
VECTOR = [[0.25, -0.5]]


@dataclass(frozen=True)
class Served:
    """A cached gateway, and the invoker behind it."""

    client: httpx.AsyncClient
    invoker: ScriptedInvoker

    async def post(
        self,
        body: Any,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return await self.client.post(path, json=body, headers=headers)

    @property
    def asked(self) -> int:
        """How often SageMaker was asked."""
        return len(self.invoker.calls)


@asynccontextmanager
async def cached(
    invoker: ScriptedInvoker | None = None,
    *,
    master_key: str | None = None,
    model_list: Any = None,
    router_settings: Any = None,
    **params: Any,
) -> AsyncIterator[Served]:
    """Serve a configuration with a cache of these parameters."""
    invoker = invoker or ScriptedInvoker(replies=[COMPLETION], streams=[CHUNKS])
    settings = config(
        model_list=model_list,
        router_settings=router_settings or {},
        litellm_settings={"cache": True, "cache_params": params},
    )
    async with served(invoker, settings, master_key) as client:
        yield Served(client, invoker)


async def test_without_a_cache_nothing_says_so() -> None:
    """No header of the cache is there where there is none, and SageMaker is asked each time."""
    invoker = ScriptedInvoker(replies=[COMPLETION])
    async with served(invoker) as client:
        for _ in range(2):
            answer = await client.post("/v1/chat/completions", json=CHAT)
            named = [name for name in answer.headers if "cache" in name]
            assert named == ["cache-control"]
    assert len(invoker.calls) == 2


async def test_a_hit_is_the_same_answer_and_says_so() -> None:
    """The second answer has the first one's bytes, its key, and nothing that AWS said."""
    async with cached() as gateway:
        first = await gateway.post(CHAT)
        second = await gateway.post(CHAT)
    assert second.content == first.content
    assert gateway.asked == 1
    assert [each.headers["x-sagegate-cache"] for each in (first, second)] == ["miss", "hit"]
    assert first.headers["x-litellm-cache-key"] == second.headers["x-litellm-cache-key"]
    assert "x-litellm-cache-hit" not in first.headers
    assert second.headers["x-litellm-cache-hit"] == "true"
    assert second.headers["x-litellm-model-group"] == "chat"
    assert second.headers["x-sagegate-usage-source"] == first.headers["x-sagegate-usage-source"]
    for name in ("x-amzn-requestid", "x-litellm-model-id"):
        assert name in first.headers
        assert name not in second.headers


async def test_the_log_has_one_line_for_each(logged: Logged) -> None:
    """A hit is a call like any other: one line, with its outcome, and no deployment or tokens."""
    logged.begin()
    async with cached() as gateway:
        await gateway.post(CHAT)
        await gateway.post(CHAT)
        await gateway.post({**CHAT, "stream": True})
    calls = [line for line in logged.lines() if line["event"] == "call.finished"]
    assert [line["cache"] for line in calls] == ["miss", "hit", "hit"]
    assert [line["outcome"] for line in calls] == ["ok"] * 3
    for hit in calls[1:]:
        assert hit["deployment"] is None
        assert "prompt_tokens" not in hit


async def test_a_stream_and_an_answer_share() -> None:
    """A whole answer comes of a kept stream, a stream of it again, each ending as it should."""
    async with cached() as gateway:
        first = await gateway.post({**CHAT, "stream": True})
        whole = await gateway.post(CHAT)
        again = await gateway.post({**CHAT, "stream": True})
    assert gateway.asked == 1
    assert first.headers["x-sagegate-cache"] == "miss"
    assert whole.json()["choices"][0]["message"]["content"] == "Hello"
    assert whole.json()["usage"]["total_tokens"] == 2
    assert again.headers["x-sagegate-cache"] == "hit"
    assert again.headers["content-type"].startswith("text/event-stream")
    assert again.text.endswith("data: [DONE]\n\n")
    assert '"usage"' not in again.text


async def test_embeddings_keep_their_encoding() -> None:
    """Vectors as numbers and in base64 are two answers, each found again."""
    models = [entry("e", "sagemaker/e", format="hf_embed")]
    invoker = ScriptedInvoker(replies=[VECTOR])
    async with cached(invoker, model_list=models) as gateway:
        for encoding in ("float", "base64"):
            body = {"model": "e", "input": "x", "encoding_format": encoding}
            first, second = [await gateway.post(body, "/v1/embeddings") for _ in range(2)]
            assert second.headers["x-sagegate-cache"] == "hit"
            assert second.content == first.content
    assert gateway.asked == 2


@pytest.mark.parametrize("where", ["body", "extra_body", "header"])
async def test_a_request_may_ask_anew(where: str) -> None:
    """`no-cache` works in `cache`, in `extra_body` and as a header; nothing of it goes upstream."""
    control = {"cache": {"no-cache": True}}
    body = {"body": {**CHAT, **control}, "extra_body": {**CHAT, "extra_body": control}}
    headers = {"Cache-Control": "no-cache"} if where == "header" else None
    async with cached() as gateway:
        await gateway.post(CHAT)
        answer = await gateway.post(body.get(where, CHAT), headers=headers)
        assert answer.headers["x-sagegate-cache"] == "bypass"
        assert gateway.asked == 2
        assert gateway.invoker.bodies[0] == gateway.invoker.bodies[1]


@pytest.mark.parametrize(
    ("cache", "param"), [(5, "cache"), ({"ttl": "long"}, "cache.ttl"), ({"no": 1}, "cache.no")]
)
async def test_a_wrong_control_is_a_400(cache: Any, param: str) -> None:
    """What is wrong about `cache` is named, and nothing is asked."""
    async with cached() as gateway:
        answer = await gateway.post({**CHAT, "cache": cache})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert gateway.asked == 0


async def test_default_off_is_opt_in() -> None:
    """With `mode: default_off` only a request that asks for it is cached."""
    opted = {**CHAT, "cache": {"use-cache": True}}
    async with cached(mode="default_off") as gateway:
        said = [
            (await gateway.post(body)).headers["x-sagegate-cache"]
            for body in (CHAT, CHAT, opted, opted)
        ]
    assert said == ["bypass", "bypass", "miss", "hit"]


async def test_models_have_their_own_answers() -> None:
    """Two models never share; `supported_call_types` leaves a task out."""
    async with cached(supported_call_types=["atext_completion"]) as gateway:
        assert (await gateway.post(CHAT)).headers["x-sagegate-cache"] == "bypass"
    invoker = ScriptedInvoker(replies=[COMPLETION, [{"generated_text": "Hi"}]])
    async with cached(invoker) as gateway:
        await gateway.post(CHAT)
        assert (await gateway.post(TEXT)).headers["x-sagegate-cache"] == "miss"


async def test_a_stand_ins_answer_is_not_kept() -> None:
    """What another model answered in this one's place does not outlast what made it do so."""
    invoker = ScriptedInvoker(replies=[Throttled("slow down"), COMPLETION])
    router = {"fallbacks": [{"chat": ["other"]}], "num_retries": 0}
    models = [entry("chat", "sagemaker_chat/one"), entry("other", "sagemaker_chat/two")]
    async with cached(invoker, model_list=models, router_settings=router) as gateway:
        first = await gateway.post(CHAT)
        assert first.headers["x-litellm-model-group"] == "other"
        assert (await gateway.post(CHAT)).headers["x-sagegate-cache"] == "miss"
        assert (await gateway.post(CHAT)).headers["x-sagegate-cache"] == "hit"


async def test_the_operator_can_look_and_forget() -> None:
    """Ping tells how it is; deleting forgets keys, flushing everything."""
    async with cached(master_key=KEY) as gateway:
        ping = await gateway.client.get("/cache/ping")
        assert ping.json() == {"status": "healthy", "cache_type": "local", "ping_response": True}
        key = (await gateway.post(CHAT)).headers["x-litellm-cache-key"]
        deleted = await gateway.post({"keys": [key, "nobody's"]}, "/cache/delete")
        assert deleted.json() == {"status": "success", "deleted": 1}
        assert (await gateway.post(CHAT)).headers["x-sagegate-cache"] == "miss"
        assert (await gateway.post({}, "/cache/flushall")).json() == {"status": "success"}
        assert (await gateway.post(CHAT)).headers["x-sagegate-cache"] == "miss"


@pytest.mark.parametrize("body", [{}, {"keys": "k"}, {"keys": [1]}])
async def test_keys_are_a_list_of_strings(body: Any) -> None:
    """Anything else is a 400 that names the field."""
    async with cached() as gateway:
        answer = await gateway.post(body, "/cache/delete")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "keys")


async def test_without_a_cache_its_routes_say_so() -> None:
    """Where answers are not cached, the operator is told which setting does it."""
    async with served() as client:
        answer = await client.get("/cache/ping")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "cache_not_configured"
    assert "litellm_settings.cache" in answer.json()["error"]["message"]


async def test_two_gateways_share_redis(redis_server: RedisServer) -> None:
    """What one gateway was answered, another one gives; its operator's flush is for both."""
    params: Any = {"type": "redis", "url": redis_server.url, "socket_timeout": 5}
    async with (
        cached(namespace="cache-gateways", **params) as one,
        cached(namespace="cache-gateways", **params) as two,
    ):
        assert (await one.client.get("/cache/ping")).json()["cache_type"] == "redis"
        await one.post({**CHAT, "stream": True})
        assert (await two.post(CHAT)).headers["x-sagegate-cache"] == "hit"
        await two.post({}, "/cache/flushall")
        assert (await one.post(CHAT)).headers["x-sagegate-cache"] == "miss"
    assert two.asked == 0


async def test_without_redis_everybody_is_answered() -> None:
    """A Redis that dies is a bypass for clients, and a 503 for the operator who asks."""
    with serve_redis() as server:
        async with cached(type="redis", url=server.url, socket_timeout=5) as gateway:
            await gateway.post(CHAT)
            server.kill()
            for body in (CHAT, {**CHAT, "stream": True}):
                answer = await gateway.post(body)
                assert answer.status_code == 200
                assert answer.headers["x-sagegate-cache"] == "bypass"
                assert "x-litellm-cache-key" not in answer.headers
            for path in ("/cache/delete", "/cache/flushall"):
                assert (await gateway.post({"keys": ["k"]}, path)).status_code == 503
            ping = await gateway.client.get("/cache/ping")
            assert (ping.status_code, ping.json()["error"]["code"]) == (503, "cache_unavailable")
