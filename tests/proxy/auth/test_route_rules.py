"""`allowed_routes` and `admin_only_routes`: what the operator says of routes only narrows."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from proxy.auth.route_rules import Access
from proxy.deployments import faults
from proxy.routes import ROUTES
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, KEY, config, served

TEAM = "sk-the-key-of-team-a"
PUBLIC = {path for each in ROUTES if each.access is Access.PUBLIC for path in each.paths}


def ruled(shown: str = TEAM, /, **general: Any) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    settings = config(keys=[{"key": TEAM}], general_settings=general)
    return served(ScriptedInvoker([COMPLETION]), settings, KEY, shown=shown)


def code_of(answer: httpx.Response) -> str:
    code: str = answer.json()["error"]["code"]
    return code


async def test_routes_for_administrators_only() -> None:
    """A path of `admin_only_routes` is the master key's in all its forms, public or not."""
    general: dict[str, Any] = {
        "admin_only_routes": ["/model/info"],
        "public_routes": ["/model/info"],
    }
    async with ruled(**general) as client:
        for path in ("/model/info", "/v1/model/info", "/v2/model/info"):
            answer = await client.get(path)
            assert (answer.status_code, code_of(answer)) == (403, "admin_only")
        assert (await client.get("/v1/models")).status_code == 200
    async with ruled(KEY, **general) as client:
        assert (await client.get("/v1/model/info")).status_code == 200


@pytest.mark.parametrize("shown", [TEAM, KEY])
async def test_only_some_routes(shown: str) -> None:
    """What `allowed_routes` does not name is 403 for everybody; health stays public."""
    async with ruled(shown, allowed_routes=["/chat/completions"]) as client:
        assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 200
        for route in ROUTES:
            path = route.paths[0].replace("{model:path}", "chat").replace("{id:path}", "chat")
            if path == "/chat/completions":
                continue
            answer = await client.request(route.method, path, json=CHAT)
            assert answer.status_code == (200 if path in PUBLIC else 403), path
        del client.headers["authorization"]
        assert (await client.get("/v1/models")).status_code == 401


@pytest.mark.parametrize("name", ["allowed_routes", "admin_only_routes"])
def test_misspelt_routes(name: str) -> None:
    """A path that is no route's stops the start: a misspelt lock would lock nothing."""
    general = {name: ["/chat/completions", "/model/inof", "/nowhere", "/health/liveness"]}
    found = faults(config(general_settings=general), {"AWS_REGION": "eu-west-1"})
    assert [error.path for error in found] == [("general_settings", name, n) for n in (1, 2, 3)]
    assert "did you mean /model/info?" in found[0].message
