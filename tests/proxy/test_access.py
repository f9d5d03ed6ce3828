"""Who may call: keys, and the loopback rule where there is none."""

from __future__ import annotations

import httpx
import pytest

from proxy.auth.route_rules import Access
from proxy.routes import ROUTES
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, KEY, config, served

PUBLIC = {"/health/liveliness", "/health/liveness", "/health/readiness"}
EVERY_PATH = [(route, path) for route in ROUTES for path in route.paths]


def concrete(path: str) -> str:
    return path.replace("{model:path}", "chat").replace("{id:path}", "chat")


async def test_only_the_health_routes_are_public() -> None:
    """With a key configured every route but the listed ones answers 401 without it."""
    async with served(master_key=KEY) as client:
        del client.headers["authorization"]
        for route, path in EVERY_PATH:
            response = await client.request(route.method, concrete(path), json=CHAT)
            if path in PUBLIC:
                assert (route.access, response.status_code) == (Access.PUBLIC, 200)
                continue
            assert (path, response.status_code) == (path, 401)
            assert response.json()["error"]["type"] == "auth_error"
            assert response.json()["error"]["code"] == "401"
            assert response.headers["www-authenticate"] == "Bearer"


async def test_the_key_opens_every_route() -> None:
    """The master key lets its bearer in everywhere."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script, master_key=KEY) as client:
        for route, path in EVERY_PATH:
            response = await client.request(route.method, concrete(path), json=CHAT)
            assert response.status_code not in {401, 403}, path


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {KEY} "},
        {"api-key": KEY},
        {"x-api-key": KEY},
        {"x-litellm-api-key": KEY},
        {"x-litellm-api-key": f"Bearer {KEY}"},
        {"X-My-Key": KEY},
        {"X-My-Key": KEY, "Authorization": "Bearer wrong"},
    ],
)
async def test_every_documented_header_carries_the_key(headers: dict[str, str]) -> None:
    """Bearer, the three api-key headers and the configured one; the configured one goes first."""
    settings = config(general_settings={"litellm_key_header_name": "X-My-Key"})
    async with served(settings=settings, master_key=KEY) as client:
        del client.headers["authorization"]
        assert (await client.get("/v1/models", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer wrong")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Bearer")],
        [("Authorization", "")],
        [("Authorization", KEY)],
        [("Authorization", f"Basic {KEY}")],
        [("Authorization", f"Bearer {KEY[:-1]}")],
        [("Authorization", f"Bearer {KEY}x")],
        [("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {KEY}")],
        [("Authorization", "Bearer wrong"), ("api-key", KEY)],
        [("api-key", "' OR 1=1--")],
        [("api-key", "x" * 1_000_000)],
        [("api-key", b"\xff\xfe".decode("latin-1"))],
    ],
)
async def test_anything_else_is_401(headers: list[tuple[str, str]]) -> None:
    """A wrong, cut, doubled or strange key is a 401, whatever else is there."""
    async with served(master_key=KEY) as client:
        del client.headers["authorization"]
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        response = await client.get("/v1/models", headers=httpx.Headers(raw))
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "auth_error"


async def test_public_routes_are_the_operators_choice() -> None:
    """A path in `public_routes` needs no key; no other path gains by it."""
    settings = config(general_settings={"public_routes": ["/docs", "/openapi.json"]})
    async with served(settings=settings, master_key=KEY) as client:
        del client.headers["authorization"]
        assert (await client.get("/docs")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 200
        for path in ("/v1/models", "/docs/", "//docs", "/DOCS"):
            assert (await client.get(path)).status_code in {401, 404}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4000",
        "127.0.0.1:4000",
        "127.9.9.9",
        "0.0.0.0:4000",
        "[::1]:4000",
        "LocalHost",
    ],
)
async def test_without_a_key_this_machine_is_let_in(host: str) -> None:
    """The reference page's examples run without a key on loopback addresses."""
    script = ScriptedInvoker(replies=[COMPLETION])
    async with served(script) as client:
        headers = {"Host": host, "Authorization": "Bearer anything"}
        response = await client.post("/chat/completions", json=CHAT, headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil",
        "",
        "x#",
    ],
)
async def test_without_a_key_other_hosts_are_refused(host: str) -> None:
    """A web page that rebinds its name to this machine gets 403."""
    async with served() as client:
        response = await client.get("/v1/models", headers={"Host": host})
        health = await client.get("/health/readiness", headers={"Host": host})
    assert response.status_code == 403
    assert health.status_code == 200


async def test_without_a_key_a_second_host_or_type_is_refused() -> None:
    """Of two lines none counts: nobody knows which one somebody else has read."""
    twice = [("Host", "evil.example"), ("Host", "localhost")]
    kinds = [("Content-Type", "text/plain"), ("Content-Type", "application/json")]
    async with served() as client:
        hosts = await client.get("/v1/models", headers=httpx.Headers(twice))
        types = await client.post("/v1/embeddings", content=b"{}", headers=httpx.Headers(kinds))
    assert (hosts.status_code, types.status_code) == (403, 415)


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
)
async def test_without_a_key_a_body_must_be_json_by_name(kind: str | None) -> None:
    """A web page's form can't spend somebody's GPUs."""
    async with served() as client:
        headers = {} if kind is None else {"Content-Type": kind}
        response = await client.post("/chat/completions", content=b"{}", headers=headers)
    assert response.status_code == 415
    assert response.json()["error"]["param"] == "Content-Type"


async def test_the_explicit_permission_opens_other_hosts() -> None:
    """An operator who permits an unset key can be reached under any name."""
    general = {"dangerously_permit_weak_or_unset_master_key": True}
    async with served(settings=config(general_settings=general)) as client:
        response = await client.get("/v1/models", headers={"Host": "gateway.internal"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("key", "general", "origin", "allowed"),
    [
        (None, {}, "http://localhost:3000", "http://localhost:3000"),
        (None, {}, "http://127.0.0.1", "http://127.0.0.1"),
        (None, {}, "https://evil.example", None),
        (None, {}, "https://localhost.evil.example", None),
        (KEY, {}, "https://chat.example", "*"),
        (KEY, {"allowed_origins": ["https://a.example"]}, "https://a.example", "https://a.example"),
        (KEY, {"allowed_origins": ["https://a.example"]}, "https://b.example", None),
    ],
)
async def test_origins(
    key: str | None, general: dict[str, object], origin: str, allowed: str | None
) -> None:
    """Any origin with a key, loopback origins without, or what the configuration lists."""
    async with served(settings=config(general_settings=general), master_key=key) as client:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await client.options("/v1/chat/completions", headers=asked)
        answer = await client.get("/v1/models", headers={"Origin": origin})
    assert preflight.headers.get("access-control-allow-origin") == allowed
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert answer.headers.get("access-control-expose-headers") == "*"
