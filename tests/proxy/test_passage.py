"""One answer, whichever way a request takes: through our server or another, by a search or none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from adapters.base import Limits, Payload, Reply, Target
from adapters.errors import ModelError
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.raw import listening
from tests.proxy.served import CHAT, COMPLETION, KEY, TEXT, application, config

PATH = "/v1/chat/completions"
#: What differs from request to request, and what servers and transports add by themselves.
OWN = {
    *("x-litellm-call-id", "x-request-id", "x-amzn-sagemaker-inference-id"),
    *("x-litellm-response-duration-ms", "x-litellm-overhead-duration-ms"),
    *("date", "server", "transfer-encoding", "connection"),
}
DELTA = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CHUNK = {**DELTA, "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}


class Faulty(ScriptedInvoker):
    """Answers chats; fails for texts, as nobody expects."""

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        if target.endpoint == "text-endpoint":
            raise ZeroDivisionError
        return await super().invoke(target, payload, limits)


@asynccontextmanager
async def ways(**replies: Any) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Serve one application over our server, and over plain ASGI; give a client of each."""
    settings = config(
        general_settings={"max_request_size_mb": 0.001, "allowed_origins": ["https://a.example"]},
        litellm_settings={"num_retries": 0},
    )
    script = Faulty(**{"replies": [COMPLETION], **replies})
    async with application(script, settings, KEY) as app, listening(app) as port:
        shown = {"Authorization": f"Bearer {KEY}"}
        plain = httpx.ASGITransport(app=app)
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=shown) as ours,
            httpx.AsyncClient(transport=plain, base_url="http://a", headers=shown) as other,
        ):
            yield ours, other


def told(response: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Give what a client reads that must not differ."""
    headers = {name: said for name, said in response.headers.items() if name not in OWN}
    return response.status_code, headers, response.content


ASKED: dict[str, dict[str, Any]] = {
    "good": {"json": CHAT},
    "good with wishes": {"json": {**CHAT, "num_retries": 0}, "headers": {"x-litellm-tags": "a"}},
    "no key": {"json": CHAT, "headers": {"Authorization": ""}},
    "wrong key": {"json": CHAT, "headers": {"Authorization": "Bearer sk-other"}},
    "two keys": {"json": CHAT, "headers": [("Authorization", "Bearer a")] * 2},
    "no JSON": {"content": b"{"},
    "no object": {"content": b"[]"},
    "no model": {"json": {"messages": []}},
    "unknown model": {"json": {**CHAT, "model": "none"}},
    "wrong type": {"json": {**CHAT, "temperature": "hot"}},
    "refused field": {"json": {**CHAT, "api_base": "http://a"}},
    "too large": {"content": b"x" * 2_000},
    "our own fault": {"json": TEXT},
    "another method": {"method": "GET"},
    "preflight": {
        "method": "OPTIONS",
        "headers": {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"},
    },
    "no such path": {"url": "/v1/none", "json": CHAT},
    "health": {"method": "GET", "url": "/health/liveliness"},
    "head": {"method": "HEAD", "url": "/health/liveliness"},
    "models": {"method": "GET", "url": "/v1/models"},
    "a model": {"method": "GET", "url": "/v1/models/chat"},
    "docs": {"method": "GET", "url": "/docs"},
}
#: What does not hang on the path, nor says it, nor names another model than it.
SEARCHED = {name for name, asked in ASKED.items() if "url" not in asked} - {
    *("no model", "unknown model", "our own fault", "another method")
}
ORIGINS = {"no page": {}, "a page": {"Origin": "https://a.example"}, "another": {"Origin": "null"}}


async def ask(client: httpx.AsyncClient, asked: dict[str, Any], origin: dict[str, str]) -> Any:
    """Ask, from a web page of an origin or from none."""
    request = {"method": "POST", "url": PATH, **asked}
    headers = httpx.Headers(request.pop("headers", {}))
    headers.update(origin)
    return told(await client.request(**request, headers=headers))


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS)
async def test_our_servers_short_way_answers_as_asgi_does(origin: dict[str, str]) -> None:
    """Status, headers and body are the same: what is written at once, and what takes its parts."""
    async with ways() as (ours, other):
        for name, asked in ASKED.items():
            assert await ask(ours, asked, origin) == await ask(other, asked, origin), name


async def test_a_path_that_names_the_model_answers_as_the_exact_one() -> None:
    """The framework finds the route, and everything else is the same: keys, bounds, refusals."""
    async with ways() as (ours, _):
        for name in SEARCHED:
            named = {**ASKED[name], "url": f"/v1/engines/chat{PATH.removeprefix('/v1')}"}
            assert await ask(ours, named, {}) == await ask(ours, ASKED[name], {}), name


async def test_our_own_fault_has_an_envelope_on_either_way() -> None:
    """What nobody expects is told as an error of ours, and nothing of what it was."""
    named = "/v1/engines/text/chat/completions"
    async with ways() as (ours, _):
        exact, searched = await ours.post(PATH, json=TEXT), await ours.post(named, json=TEXT)
    assert told(exact) == told(searched)
    assert exact.status_code == 500
    assert exact.json()["error"]["message"] == "The gateway failed to answer this request."


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS)
async def test_a_stream_is_the_same_on_either_way(origin: dict[str, str]) -> None:
    """Events too, and a failure before the first."""
    asked = {"json": {**CHAT, "stream": True}}
    events = [b"data: " + httpx.Request("POST", "http://a", json=CHUNK).content + b"\n\n"]
    for stream in (events, ModelError("No.", status=422)):
        async with ways(streams=[stream]) as (ours, other):
            answers = [await ask(client, asked, origin) for client in (ours, other)]
        assert answers[0] == answers[1]


async def test_whoever_names_no_origin_reads_what_starlette_says() -> None:
    """The one header that `CORSMiddleware` adds then is added without it."""
    app: ASGIApp = CORSMiddleware(PlainTextResponse("hello"), allow_origins=["https://a.example"])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        starlettes = await client.get("/")
    async with ways() as (ours, _):
        answer = await ours.post(PATH, json=CHAT)
    cors = {"vary", *(name for name in starlettes.headers if "access-control" in name)}
    for name in cors:
        assert answer.headers.get_list(name) == starlettes.headers.get_list(name)
    assert not [name for name in answer.headers if "access-control" in name]
