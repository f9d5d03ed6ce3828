"""The process takes so many requests for models at once, and no more."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from adapters.base import Limits, Payload, Reply, Target
from adapters.errors import ModelError
from proxy.config.schema import ProxyConfig
from proxy.policies import policies
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, config, entry, served


class Held(ScriptedInvoker):
    """Answers once it is let go."""

    def __init__(self) -> None:
        super().__init__(replies=[COMPLETION])
        self.go = asyncio.Event()

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        self.called.set()
        await self.go.wait()
        return await super().invoke(target, payload, limits)


def narrow(**general: Any) -> ProxyConfig:
    """Give a configuration whose process takes one request at a time."""
    return config(general_settings={"max_in_flight_requests_per_worker": 1, **general})


def chat(client: httpx.AsyncClient) -> asyncio.Task[httpx.Response]:
    """Ask for a chat."""
    return asyncio.ensure_future(client.post("/v1/chat/completions", json=CHAT))


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_one_more_than_may_wait_is_refused_at_once() -> None:
    """It gets 503 in OpenAI's shape, with the time after which to come again."""
    script = Held()
    async with served(script, narrow(max_queued_requests_per_worker=0)) as client:
        first = chat(client)
        await script.called.wait()
        refused = await chat(client)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        error = refused.json()["error"]
        assert (error["type"], error["code"]) == ("overloaded_error", "queue_full")
        assert error["message"] == "The gateway is busy: as many requests wait as may."
        script.go.set()
        assert (await first).status_code == 200
        assert (await chat(client)).status_code == 200


async def test_what_waits_is_answered_in_its_turn() -> None:
    """A waiting request goes on when the one before it has ended, also when that failed."""
    script = Held()
    async with served(script, narrow()) as client:
        first, second = chat(client), chat(client)
        await script.called.wait()
        await settle()
        assert not second.done()
        script.replies = [ModelError("No.", status=422), COMPLETION]
        script.go.set()
        assert (await first).status_code == 422
        assert (await second).status_code == 200


async def test_a_wait_has_an_end() -> None:
    """After the configured time a waiting request is refused."""
    script = Held()
    async with served(script, narrow(admission_queue_timeout_seconds=0.02)) as client:
        first = chat(client)
        await script.called.wait()
        refused = await chat(client)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "queue_late")
        script.go.set()
        assert (await first).status_code == 200


@pytest.mark.parametrize(
    "own", [{"json": {**CHAT, "timeout": 0.02}}, {"headers": {"x-litellm-timeout": "0.02"}}]
)
async def test_a_requests_own_time_is_shorter(own: dict[str, Any]) -> None:
    """Nobody waits longer than they wanted to: 408, also where the door would let them wait."""
    script = Held()
    async with served(script, narrow(admission_queue_timeout_seconds=60)) as client:
        first = chat(client)
        await script.called.wait()
        late = await client.post("/v1/chat/completions", **{"json": CHAT, **own})
        assert (late.status_code, late.json()["error"]["type"]) == (408, "timeout_error")
        script.go.set()
        assert (await first).status_code == 200
        assert (await chat(client)).status_code == 200


async def test_the_wait_is_of_a_requests_own_time() -> None:
    """What it waited for its turn is no longer there for its answer."""
    script = Held()
    async with served(script, narrow()) as client:
        first = chat(client)
        await script.called.wait()
        waiting = asyncio.ensure_future(
            client.post("/v1/chat/completions", json={**CHAT, "timeout": 30})
        )
        await asyncio.sleep(0.2)
        script.go.set()
        answer = await waiting
        assert 25 < float(answer.headers["x-litellm-timeout"]) < 29.9
        assert (await first).status_code == 200


async def test_who_is_refused_at_once_is_not_parsed() -> None:
    """A full door costs nothing: not even a body that is no JSON is looked at."""
    script = Held()
    async with served(script, narrow(max_queued_requests_per_worker=0)) as client:
        first = chat(client)
        await script.called.wait()
        bad = await client.post(
            "/v1/chat/completions", content=b"{", headers={"content-type": "application/json"}
        )
        assert bad.status_code == 503
        script.go.set()
        await first


@pytest.mark.parametrize("path", ["/health/liveness", "/health/readiness", "/v1/models"])
async def test_health_and_listings_never_wait(path: str) -> None:
    """What asks no model is answered however many requests there are."""
    script = Held()
    async with served(script, narrow(max_queued_requests_per_worker=0)) as client:
        first = chat(client)
        await script.called.wait()
        assert (await client.get(path)).status_code == 200
        script.go.set()
        await first


@pytest.mark.parametrize("body", [b"{", b'{"model": "nobody", "messages": []}'])
async def test_a_refused_request_leaves_the_door_open(body: bytes) -> None:
    """A request that was let in and then refused for its content has ended."""
    async with served(ScriptedInvoker(replies=[COMPLETION]), narrow()) as client:
        bad = await client.post(
            "/v1/chat/completions", content=body, headers={"content-type": "application/json"}
        )
        assert bad.status_code in {400, 404}
        assert (await chat(client)).status_code == 200


async def test_a_stream_is_under_way_until_its_end() -> None:
    """The next request is let in when the stream's last byte is sent."""
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    last = {"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}
    line = b"data: " + httpx.Request("POST", "http://x", json={**chunk, "choices": [last]}).content
    script = ScriptedInvoker(replies=[COMPLETION], streams=[[line + b"\n\ndata: [DONE]\n\n"]])
    async with served(script, narrow()) as client:
        answer = await client.post("/v1/chat/completions", json={**CHAT, "stream": True})
        assert answer.text.endswith("data: [DONE]\n\n")
        assert (await chat(client)).status_code == 200


def limits(workers: int, **general: Any) -> tuple[int | None, int | None]:
    """Give what one process takes, and what it lets wait."""
    door = policies(config(general_settings=general), workers).door
    return (None, None) if door is None else (door.limit, door.queue)


def test_processes_share_what_is_for_all_and_keep_what_is_their_own() -> None:
    """The global limit is split, the limit of each process is not; the lower one counts."""
    assert limits(4) == (None, None)
    assert limits(4, global_max_parallel_requests=10) == (3, 100)
    assert limits(4, max_in_flight_requests_per_worker=10) == (10, 100)
    both = {"global_max_parallel_requests": 10, "max_in_flight_requests_per_worker": 2}
    assert limits(4, **both, max_queued_requests_per_worker=7) == (2, 7)


@pytest.mark.parametrize(
    ("params", "router", "general", "limit"),
    [
        ({}, {}, {}, None),
        ({}, {}, {"max_parallel_requests": 9}, 5),
        ({}, {"default_max_parallel_requests": 5}, {"max_parallel_requests": 9}, 3),
        (
            {"max_parallel_requests": 2},
            {"default_max_parallel_requests": 5},
            {"max_parallel_requests": 9},
            1,
        ),
    ],
)
def test_a_deployment_s_own_limit_wins(
    params: dict[str, Any], router: dict[str, Any], general: dict[str, Any], limit: int | None
) -> None:
    """Its own, else the router's, else the general one; split between two processes."""
    settings = config(
        model_list=[entry("chat", "sagemaker_chat/e", **params)],
        router_settings=router,
        general_settings=general,
    )
    admission = policies(settings, 2).admission_of("chat", settings.model_list[0].litellm_params)
    assert (None if admission is None else admission.limit) == limit


@pytest.mark.parametrize(
    ("own", "all_", "adaptive"), [(None, False, False), (None, True, True), (False, True, False)]
)
def test_adaptive_concurrency_is_opted_into(
    *, own: bool | None, all_: bool, adaptive: bool
) -> None:
    """For all deployments or for one; without a limit of its own it has none until it throttles."""
    settings = config(
        model_list=[entry("chat", "sagemaker_chat/e", adaptive_concurrency=own)],
        router_settings={"adaptive_concurrency": all_},
    )
    admission = policies(settings).admission_of("chat", settings.model_list[0].litellm_params)
    assert (admission is not None and admission.adaptive) is adaptive
    assert admission is None or admission.limit is None
