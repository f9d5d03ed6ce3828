"""What claims stand for: whose a token is, its models, its routes, its administrator's scope."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from adapters.base import Json
from tests.proxy.jwt.identity import Identity
from tests.proxy.jwt.test_tokens import shown, trusting


async def models_of(client: httpx.AsyncClient, token: str) -> list[str]:
    answer = await client.get("/v1/models", headers=shown(token))
    assert answer.status_code == 200
    return [model["id"] for model in answer.json()["data"]]


@pytest.mark.parametrize(
    ("claims", "models"),
    [
        ({"models": ["chat"]}, ["chat"]),
        ({"models": "chat text"}, ["chat", "text"]),
        ({"models": ["*"]}, ["chat", "text"]),
        ({"models": ["te*"]}, ["text"]),
        ({"models": ["t**"]}, []),
        ({"models": []}, []),
        ({"models": ""}, []),
        ({"models": {"chat": 1}}, []),
        ({"models": [1, None]}, []),
        ({}, []),
    ],
    ids=str,
)
async def test_models_by_claim(identity: Identity, claims: Json, models: list[str]) -> None:
    """With `models_jwt_field` a token is for the models that it names, and for none without any."""
    async with trusting(identity, models_jwt_field="models") as client:
        assert await models_of(client, identity.token(**claims)) == models


async def test_a_claim_within_a_claim(identity: Identity) -> None:
    """Dots lead into a claim's parts, unless a claim has the whole name."""
    async with trusting(
        identity, models_jwt_field="resource.gateway.models", user_id_jwt_field="example.com/id"
    ) as client:
        names = {"gateway": {"models": ["chat"]}}
        token = identity.token(resource=names, sub=None, **{"example.com/id": "ada"})
        assert await models_of(client, token) == ["chat"]
        token = identity.token(
            resource=7, **{"example.com/id": "ada", "resource.gateway.models": ["text"]}
        )
        assert await models_of(client, token) == ["text"]


async def test_without_a_claim_for_models(identity: Identity) -> None:
    """Where tokens say no models, each is for all of them."""
    async with trusting(identity) as client:
        assert await models_of(client, identity.token()) == ["chat", "text"]


@pytest.mark.parametrize(
    ("scope", "models", "health"),
    [
        ("openid gpu.chat", ["chat"], 200),
        (["gpu.chat", "gpu.text"], ["chat", "text"], 200),
        ("gpu.list", ["text"], 403),
        ("openid", [], 200),
        (None, [], 200),
    ],
    ids=str,
)
async def test_models_by_scope(
    identity: Identity, scope: Any, models: list[str], health: int
) -> None:
    """Each mapped scope opens its models and its routes; a token without one has no model."""
    mappings = [
        {"scope": "gpu.chat", "models": ["chat"]},
        {"scope": "gpu.text", "models": ["text"]},
        {"scope": "gpu.list", "models": ["text"], "routes": ["/v1/models"]},
    ]
    async with trusting(
        identity, scope_mappings=mappings, enforce_scope_based_access=True
    ) as client:
        token = identity.token(scope=scope)
        assert await models_of(client, token) == models
        assert (await client.get("/health", headers=shown(token))).status_code == health


@pytest.mark.parametrize("claim", ["scope", "scp"])
async def test_the_administrators_scope(identity: Identity, claim: str) -> None:
    """Only the scope that the configuration names makes an administrator; by default none does."""
    claims: Json = {claim: "openid gateway.admin"}
    async with trusting(identity, admin_jwt_scope="gateway.admin") as client:
        good, other = identity.token(**claims), identity.token(**{claim: "gateway.admin2"})
        assert (await client.get("/metrics", headers=shown(good))).status_code == 200
        assert (await client.get("/metrics", headers=shown(other))).status_code == 403
    async with trusting(identity) as client:
        for scope in ("gateway.admin", "litellm_proxy_admin"):
            token = identity.token(**{claim: scope})
            assert (await client.get("/metrics", headers=shown(token))).status_code == 403
