"""Keys of the configuration: who is let in, and to what (cases A2, A4, A6, A8 and A9)."""

from __future__ import annotations

import hashlib
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from adapters.base import Json
from adapters.errors import EndpointUnavailable
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT, COMPLETION, KEY, TEXT, config, entry, served

TEAM = "sk-the-key-of-team-a"
MODELS = [
    entry("chat", "sagemaker_chat/chat-endpoint"),
    entry("text", "sagemaker/text-endpoint"),
    entry("team-a/small", "sagemaker_chat/small-endpoint"),
    entry("wild/*", "sagemaker_chat/wild-*", allowed_endpoints=["wild-*"]),
]


def keyed(
    invoker: ScriptedInvoker | None = None, router: Json | None = None, **key: Any
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """Serve with the master key and one more; the client shows the latter."""
    row = {"key": TEAM, "alias": "team-a", **key}
    settings = config(
        model_list=MODELS,
        keys=[row],
        router_settings={"model_group_alias": {"nice": "text"}, **(router or {})},
    )
    return served(invoker, settings, KEY, shown=TEAM)


def error_of(answer: httpx.Response) -> Json:
    error: Json = answer.json()["error"]
    return error


async def asked(client: httpx.AsyncClient, model: str, **more: Any) -> httpx.Response:
    return await client.post("/v1/chat/completions", json={**CHAT, "model": model, **more})


async def listed(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/v1/models")
    return [model["id"] for model in answer.json()["data"]]


@pytest.mark.parametrize(
    "key", [TEAM, f"sha256:{hashlib.sha256(TEAM.encode()).hexdigest().upper()}"]
)
async def test_a_key_or_its_digest(key: str) -> None:
    """The configuration has the key or its SHA-256: both let the key in, and nothing else."""
    async with keyed(ScriptedInvoker([COMPLETION]), key=key) as client:
        assert (await asked(client, "chat")).status_code == 200
        for wrong in (TEAM[:-1], TEAM + "x", TEAM.upper(), key + " x", "sha256:" + "0" * 64):
            headers = {"authorization": f"Bearer {wrong}"}
            answer = await client.get("/v1/models", headers=headers)
            assert answer.status_code == 401
            assert error_of(answer)["type"] == "auth_error"
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("shared", [20, 32, 64])
async def test_keys_that_begin_alike_stay_apart(shared: int) -> None:
    """A4: keys with the same first characters are different keys, each with its own rights."""
    head = "sk-" + "x" * (shared - 3)
    rows = [
        {"key": f"{head}-one", "models": ["chat"]},
        {"key": f"{head}-two", "models": ["text"]},
    ]
    async with served(settings=config(keys=rows), master_key=KEY) as client:
        for end, models in (("-one", ["chat"]), ("-two", ["text"])):
            client.headers["authorization"] = f"Bearer {head}{end}"
            assert await listed(client) == models
        for end in ("", "-", "-three"):
            client.headers["authorization"] = f"Bearer {head}{end}"
            assert (await client.get("/v1/models")).status_code == 401


@pytest.mark.parametrize("header", ["x-api-key", "api-key", "x-litellm-api-key"])
async def test_in_each_header(header: str) -> None:
    """A key is taken from every header that the master key is taken from."""
    async with keyed() as client:
        del client.headers["authorization"]
        assert (await client.get("/v1/models", headers={header: TEAM})).status_code == 200
        assert (await client.get("/v1/models", headers={header: "no"})).status_code == 401


async def test_a_key_is_no_administrator() -> None:
    """A6: whatever a key is for, the administrator's routes answer it 403."""
    async with keyed() as client:
        for path in ("/config/reload", "/health/drain"):
            answer = await client.post(path)
            assert answer.status_code == 403
            assert error_of(answer)["code"] == "admin_only"


@pytest.mark.parametrize(
    ("models", "allowed", "denied"),
    [
        (["chat"], ["chat"], ["text", "nice", "team-a/small", "wild/wild-a", "nowhere"]),
        (["text"], ["text", "nice"], ["chat"]),
        (["nice"], ["nice"], ["text"]),
        (["team-a/*"], ["team-a/small"], ["chat", "team-a", "team-b/small"]),
        (["wild/*"], ["wild/wild-a"], ["chat", "wild", "team-a/small"]),
        (["*"], ["chat", "nice", "wild/wild-a"], []),
        (["all-proxy-models"], ["chat", "nice"], []),
        ([], ["chat", "nice", "wild/wild-a"], []),
    ],
)
async def test_a08_models(models: list[str], allowed: list[str], denied: list[str]) -> None:
    """A8: a model is reached by a name that the key is for; others are 403, known or not."""
    async with keyed(ScriptedInvoker([COMPLETION]), models=models) as client:
        for model in allowed:
            assert (await asked(client, model)).status_code == 200, model
        for model in denied:
            answer = await asked(client, model)
            assert answer.status_code == 403
            assert error_of(answer) == {
                "message": f"This key may not use the model '{model}'.",
                "type": "permission_error",
                "param": "model",
                "code": "key_model_access_denied",
            }
            assert (await client.get(f"/v1/models/{model}")).status_code == 403


async def test_a08_an_own_name() -> None:
    """A8: a key's own name leads to a model that it is for, never past its list."""
    names = {"mine": "chat", "theirs": "text", "chat": "text"}
    async with keyed(ScriptedInvoker([COMPLETION]), models=["chat"], aliases=names) as client:
        assert (await asked(client, "mine")).status_code == 200
        assert (await asked(client, "theirs")).status_code == 403
        assert (await asked(client, "chat")).status_code == 403
        assert "mine" in await listed(client)
        assert "theirs" not in await listed(client)
        assert (await client.get("/v1/models/mine")).json()["id"] == "mine"


async def test_a08_fallbacks() -> None:
    """A8: a client's own fallback needs the key's leave; a configured one is the operator's."""
    down = EndpointUnavailable("down")
    router = {"fallbacks": [{"chat": ["team-a/small"]}], "num_retries": 0}
    async with keyed(ScriptedInvoker([down, COMPLETION]), router, models=["chat"]) as client:
        for body in ({"fallbacks": ["text"]}, {"extra_body": {"fallbacks": ["text"]}}):
            answer = await asked(client, "chat", **body)
            assert (answer.status_code, error_of(answer)["param"]) == (403, "model")
        answer = await asked(client, "chat")
        assert answer.headers["x-litellm-model-group"] == "team-a/small"


async def test_listings_show_what_the_key_is_for() -> None:
    """GET /models, /model/info and /health have no model that the key may not use."""
    async with keyed(models=["team-a/*", "nice"]) as client:
        assert await listed(client) == ["team-a/small", "nice"]
        cards = (await client.get("/model/info")).json()["data"]
        assert [card["model_name"] for card in cards] == ["team-a/small"]
        health = (await client.get("/health")).json()
        assert health["healthy_count"] + health["unhealthy_count"] == 1
        assert "chat-endpoint" not in str(health)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ({"blocked": True}, "key_blocked"),
        ({"expires": "2020-01-31"}, "expired_key"),
        ({"expires": "2020-01-31T12:00:00+02:00"}, "expired_key"),
    ],
)
async def test_a09_keys_that_are_none_any_more(key: Json, code: str) -> None:
    """A9: a blocked or an expired key is a 401 that says why."""
    async with keyed(**key) as client:
        answer = await client.get("/v1/models")
        assert (answer.status_code, error_of(answer)["code"]) == (401, code)


async def test_a_key_that_expires_later() -> None:
    """Before its time is over a key works."""
    async with keyed(expires="2999-12-31T23:59:59Z") as client:
        assert (await client.get("/v1/models")).status_code == 200


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions"])
async def test_allowed_routes(path: str) -> None:
    """A route is allowed by any of its paths, in all its forms; others are 403."""
    async with keyed(ScriptedInvoker([COMPLETION]), allowed_routes=[path]) as client:
        assert (await asked(client, "chat")).status_code == 200
        assert (await client.post("/engines/chat/chat/completions", json=CHAT)).status_code == 200
        answer = await client.get("/v1/models")
        assert (answer.status_code, error_of(answer)["code"]) == (403, "key_route_denied")
        assert (await client.get("/health/liveliness")).status_code == 200


async def test_all_llm_routes() -> None:
    """LiteLLM's `llm_api_routes` narrows nothing: a key is for nothing else anyway."""
    async with keyed(allowed_routes=["llm_api_routes", "/embeddings"]) as client:
        assert (await client.get("/v1/models")).status_code == 200


@pytest.mark.parametrize(
    ("routes", "status"),
    [
        ([], 403),
        (["llm_api_routes"], 403),
        (["/v1/models"], 403),
        (["/metrics"], 200),
        (["llm_api_routes", "/metrics"], 200),
    ],
)
async def test_metrics_are_for_keys_that_are_named_for_them(routes: list[str], status: int) -> None:
    """Metrics tell of all callers: only a key whose routes name /metrics gets them, and no more."""
    async with keyed(allowed_routes=routes) as client:
        answer = await client.get("/metrics")
        assert answer.status_code == status
        if status == 403:
            assert error_of(answer)["code"] == "admin_only"
        else:
            models = await client.get("/v1/models")
            assert models.status_code == (200 if "llm_api_routes" in routes else 403)
        assert (await client.post("/config/reload")).status_code == 403


async def test_metrics_without_a_key() -> None:
    """`require_auth_for_metrics_endpoint: false` and `public_routes` open /metrics to everybody."""
    for sections in (
        {"litellm_settings": {"require_auth_for_metrics_endpoint": False}},
        {"general_settings": {"public_routes": ["/metrics"]}},
    ):
        async with served(settings=config(**sections), master_key=KEY) as client:
            del client.headers["authorization"]
            assert (await client.get("/metrics")).status_code == 200


async def test_the_keys_tags_win() -> None:
    """A key's tags choose the deployments, whatever tags the request brings."""
    models = [
        entry("chat", "sagemaker_chat/free", tags=["free"]),
        entry("chat", "sagemaker_chat/paid", tags=["paid"]),
    ]
    script = ScriptedInvoker([COMPLETION])
    settings = config(
        model_list=models,
        keys=[{"key": TEAM, "tags": ["free"]}],
        router_settings={"enable_tag_filtering": True},
    )
    async with served(script, settings, KEY, shown=TEAM) as client:
        for _ in range(8):
            assert (await asked(client, "chat", tags=["paid"])).status_code == 200
    assert {target.endpoint for _, target, _, _ in script.calls} == {"free"}


async def test_keys_without_a_master_key() -> None:
    """With keys of their own and no master key, callers need one, and nobody is administrator."""
    async with served(settings=config(keys=[{"key": TEAM}])) as client:
        assert (await client.post("/v1/chat/completions", json=TEXT)).status_code == 401
        headers = {"authorization": f"Bearer {TEAM}", "host": "gateway.example.com"}
        assert (await client.get("/v1/models", headers=headers)).status_code == 200
        assert (await client.post("/config/reload", headers=headers)).status_code == 403
