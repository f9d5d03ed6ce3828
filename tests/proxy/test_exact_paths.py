"""The short way to routes, and what is left to the framework's router."""

from __future__ import annotations

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from adapters.errors import InvalidRequest
from proxy.exact_paths import ExactPaths


async def answer(request: Request) -> Response:
    """Answer with the path, or refuse where the query says so."""
    if request.url.query:
        raise InvalidRequest("no", param="q")
    return PlainTextResponse(request.scope["route"].path)


async def router(scope: Scope, receive: Receive, send: Send) -> None:
    """Play the framework's router."""
    await PlainTextResponse("router")(scope, receive, send)


ROUTES = [
    APIRoute("/here", answer, methods=["POST"], response_model=None),
    APIRoute("/models/{id}", answer, methods=["GET"], response_model=None),
]


async def ask(method: str, path: str) -> httpx.Response:
    """Ask a gateway of these routes."""
    paths = ExactPaths(router, ROUTES)

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await paths({**scope, "state": {"call_id": "c1", "client": "127.0.0.1"}}, receive, send)

    transport = httpx.ASGITransport(app=with_state)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path)


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("POST", "/here", "/here"),
        ("GET", "/here", "router"),
        ("POST", "/here/", "router"),
        ("POST", "//here", "router"),
        ("POST", "/HERE", "router"),
        ("GET", "/models/m", "router"),
        ("GET", "/models/{id}", "router"),
    ],
)
async def test_only_the_very_path_is_served_without_the_router(
    method: str, path: str, text: str
) -> None:
    """With its own method; whatever only looks like it is the router's to judge."""
    assert (await ask(method, path)).text == text


async def test_a_refusal_has_its_status_and_envelope() -> None:
    """As the application's own handler would answer it."""
    response = await ask("POST", "/here?refuse")
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "q"
