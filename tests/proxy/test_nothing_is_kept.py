"""What a request takes on its way it gives back, however it ends."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from starlette.types import ASGIApp, Message

from adapters.base import Limits, Payload, Reply, Target
from adapters.errors import InvalidRequest, ModelError, Throttled
from adapters.sagemaker.network import Network
from proxy.app import create_app
from proxy.building import WayToAws
from proxy.lifecycle.life import Life
from proxy.lifecycle.plan import Plan
from proxy.routing.call import Call
from tests.adapters.scripted import HEAD, ScriptedStream
from tests.proxy.served import COMPLETION, ScriptedWay, config, entry
from tests.proxy.wildcards.account import ScriptedAccount

MODELS = [
    entry("chat", "sagemaker_chat/a", max_parallel_requests=3, adaptive_concurrency=True),
    entry("chat", "sagemaker_chat/b", max_parallel_requests=2, tpm=1_000_000),
    entry("text", "sagemaker/t", max_parallel_requests=3, num_retries=0),
]
SETTINGS = config(
    model_list=MODELS,
    router_settings={
        "fallbacks": [{"chat": ["text"]}],
        "max_queued_requests": 20,
        "cooldown_time": 0.01,
        "num_retries": 1,
        "retry_policy": {"RateLimitErrorRetries": 1, "InternalServerErrorRetries": 0},
        "model_group_limits": {"chat": {"max_parallel_requests": 8}},
    },
    general_settings={
        "max_in_flight_requests_per_worker": 12,
        "max_queued_requests_per_worker": 40,
        "admission_queue_timeout_seconds": 0.05,
    },
    litellm_settings={"cache": True},
)
PLAN = Plan(config=SETTINGS, environ={"AWS_REGION": "eu-west-1"})
DELTA = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CHUNK = {**DELTA, "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]}
LAST = {**DELTA, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/chat/completions",
    "query_string": b"",
    "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 4000),
}


class SlowStream(ScriptedStream):
    """A stream that takes its time for each part."""

    async def _play(self) -> AsyncIterator[bytes]:
        async for part in super()._play():
            await asyncio.sleep(0.001)
            yield part


@dataclass(frozen=True)
class Whims:
    """An invoker that fails as it likes, and takes its time."""

    chance: random.Random
    streams: list[ScriptedStream]

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        del target, payload, limits
        await self._decide()
        return Reply(head=HEAD, body=orjson.dumps(COMPLETION))

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> ScriptedStream:
        del target, payload, limits
        await self._decide()
        parts: list[Any] = [CHUNK] * self.chance.randrange(1, 5)
        events = [b"data: " + orjson.dumps(part) + b"\n\n" for part in (*parts, LAST)]
        broken = [ModelError("broken", status=500)] if self.chance.random() < 0.1 else []
        stream = SlowStream([*events, *broken])
        self.streams.append(stream)
        return stream

    async def _decide(self) -> None:
        await asyncio.sleep(self.chance.random() * 0.01)
        draw = self.chance.random()
        if draw < 0.1:
            raise Throttled("slow down")
        if draw < 0.15:
            raise ModelError("failed", status=500)
        if draw < 0.2:
            raise InvalidRequest("bad")


async def ask(app: ASGIApp, state: Mapping[str, Any], chance: random.Random) -> None:
    """Make one request, whose client may leave, and whose task may be cut."""
    model = chance.choice(["chat", "chat", "text"])
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": str(chance.randrange(10))}],
        "stream": chance.random() < 0.5,
        "n": 3 if model == "text" else 1,
    }
    if chance.random() < 0.3:
        body["timeout"] = chance.choice([0.003, 0.01])
    messages = [{"type": "http.request", "body": orjson.dumps(body)}]
    left = asyncio.Event()

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        await asyncio.sleep(0)

    task = asyncio.ensure_future(app({**SCOPE, "state": dict(state)}, receive, send))
    end = chance.choice([left.set, task.cancel, None, None])
    if end is not None:
        asyncio.get_running_loop().call_later(chance.random() * 0.02, end)
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_ends_a_request_nothing_of_it_is_kept(seed: int) -> None:
    """Permits, slots, places in lines and streams come back, through failures, cuts and reloads."""
    chance = random.Random(seed)  # noqa: S311 - it plays, and guards nothing
    whims = Whims(chance, [])

    @asynccontextmanager
    async def open_way(_: Network) -> AsyncIterator[WayToAws]:
        yield ScriptedWay(whims, ScriptedAccount())

    app = create_app(PLAN, opener=open_way)
    lifespan: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
    async with lifespan as state:
        life: Life = state["life"]
        for _ in range(4):
            await asyncio.gather(life.take(PLAN), *(ask(app, state, chance) for _ in range(60)))
        assert life.calls == 0
        gateway = life.enter().gateway
        door, chat = gateway.door, gateway.registry.pool("chat")
        assert door is not None
        assert chat.quota is not None
        for member in (*chat.members, *gateway.registry.pool("text").members):
            permits = member.live.permits
            assert (member.live.in_flight, permits.held, permits.waiting) == (0, 0, 0)
        assert (door.permits.held, door.permits.waiting) == (0, 0)
        assert (await chat.quota.take(1)).remaining[0].parallel == 7
        assert whims.streams
        assert all(stream.closed.is_set() for stream in whims.streams)


class Fault:
    """An invoker that always fails."""

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        del target, payload, limits
        raise ModelError("failed", status=500)

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> ScriptedStream:
        del target, payload, limits
        events = [b"data: " + orjson.dumps(CHUNK) + b"\n\n"]
        return ScriptedStream([*events, ModelError("broken", status=500)])


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failed_request_goes_away_by_itself(stream: bool) -> None:
    """Errors must not hold the calls that hold them: the garbage collector comes late."""

    @asynccontextmanager
    async def open_way(_: Network) -> AsyncIterator[WayToAws]:
        yield ScriptedWay(Fault(), ScriptedAccount())

    plan = Plan(config=config(model_list=MODELS), environ={"AWS_REGION": "eu-west-1"})
    app = create_app(plan, opener=open_way)
    lifespan: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
    async with lifespan as state:
        await post(app, state, stream=stream)
        gc.collect()
        gc.disable()
        try:
            others = all_calls()
            for _ in range(3):
                await post(app, state, stream=stream)
            for _ in range(3):  # what watched the client beside a stream ends behind it
                await asyncio.sleep(0)
            calls = [each for each in all_calls() if not any(each is other for other in others)]
        finally:
            gc.enable()
    assert calls == []


def all_calls() -> list[Call]:
    """Give those that are held by anything, e.g. another test's module."""
    return [each for each in gc.get_objects() if isinstance(each, Call)]


async def post(app: ASGIApp, state: Mapping[str, Any], *, stream: bool) -> None:
    """Ask, and wait for the failure."""
    body = {"model": "chat", "messages": [{"role": "user", "content": "x"}], "stream": stream}
    messages = [{"type": "http.request", "body": orjson.dumps(body)}]
    told: list[bytes] = []

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        told.append(message.get("body", b""))

    await app({**SCOPE, "state": dict(state)}, receive, send)
    assert b'"error"' in b"".join(told)
