"""Signed tokens as keys, over a real server with the issuer's keys (cases A2, A3, A4, A11)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.base import Json
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.jwt.identity import USER, Identity, Key, curve_key, provided, rsa_key
from tests.proxy.served import CHAT, COMPLETION, KEY, config, served


@asynccontextmanager
async def trusting(
    identity: Identity, general: Json | None = None, **jwtauth: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a gateway that trusts a provider; the client shows nothing by itself."""
    settings = config(general_settings={**identity.settings(**jwtauth), **(general or {})})
    async with served(ScriptedInvoker([COMPLETION]), settings, KEY) as client:
        del client.headers["authorization"]
        yield client


def shown(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def status(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/v1/models", headers=shown(token))).status_code


def code_of(answer: httpx.Response) -> str:
    code: str = answer.json()["error"]["code"]
    return code


def unsigned(header: Json, claims: Json) -> str:
    parts = (
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (header, claims)
    )
    return b".".join((*parts, b"")).decode()


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", rsa_key()),
        ("PS384", rsa_key()),
        ("ES256", curve_key()),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_good_tokens(identity: Identity, algorithm: str, key: Key) -> None:
    """A token that the issuer has signed for this gateway is a caller's key, and no more."""
    identity.keys["first"] = (algorithm, key)
    async with trusting(identity, algorithms=[algorithm]) as client:
        token = identity.token()
        answer = await client.post("/v1/chat/completions", json=CHAT, headers=shown(token))
        assert answer.status_code == 200
        refused = await client.post("/config/reload", headers=shown(token))
        assert (refused.status_code, code_of(refused)) == (403, "admin_only")
        assert (await client.get("/metrics", headers=shown(token))).status_code == 403
        assert await status(client, KEY) == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, "expired_token"),
        ({"exp": None}, "invalid_token"),
        ({"exp": "soon"}, "invalid_token"),
        ({"nbf": 2**40}, "invalid_token"),
        ({"aud": "another-application"}, "invalid_token"),
        ({"aud": None}, "invalid_token"),
        ({"aud": []}, "invalid_token"),
        ({"iss": "https://evil.example.com/"}, "invalid_token"),
        ({"iss": "https://login.example.com"}, "invalid_token"),
        ({"iss": None}, "invalid_token"),
        ({"sub": None}, "invalid_token"),
        ({"sub": ""}, "invalid_token"),
        ({"sub": "x" * 300}, "invalid_token"),
        ({"sub": "a\nb"}, "invalid_token"),
    ],
    ids=str,
)
async def test_a11_tokens_for_something_else(identity: Identity, claims: Json, code: str) -> None:
    """A11: a token that is over, or for another audience, or from elsewhere, is a 401."""
    async with trusting(identity) as client:
        answer = await client.get("/v1/models", headers=shown(identity.token(**claims)))
        assert (answer.status_code, code_of(answer)) == (401, code)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_clocks_may_differ_a_little(identity: Identity) -> None:
    """Within the leeway a token is good before and after its time."""
    now = int(time.time())
    async with trusting(identity, leeway=60) as client:
        assert await status(client, identity.token(exp=now - 20)) == 200
        assert await status(client, identity.token(nbf=now + 20)) == 200
    async with trusting(identity, leeway=0) as client:
        assert await status(client, identity.token(exp=now - 20)) == 401


async def test_a_token_ends_while_it_is_remembered(identity: Identity) -> None:
    """A9: a token that was good a moment ago is refused once its time is over."""
    async with trusting(identity, leeway=0) as client:
        token = identity.token(exp=int(time.time()) + 2)
        assert await status(client, token) == 200
        while time.time() < jwt.decode(token, options={"verify_signature": False})["exp"]:
            await client.get("/health/liveliness")
        answer = await client.get("/v1/models", headers=shown(token))
        assert (answer.status_code, code_of(answer)) == (401, "expired_key")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
async def test_a_token_without_a_signature(identity: Identity, algorithm: str) -> None:
    """`alg: none`, however it is spelt, is a 401, also with the good token's signature."""
    async with trusting(identity) as client:
        bare = unsigned({"alg": algorithm, "kid": "first", "typ": "JWT"}, identity.claims())
        signature = identity.token().rpartition(".")[2]
        for token in (bare, bare + signature):
            assert await status(client, token) == 401


async def test_a_public_key_is_no_secret(identity: Identity) -> None:
    """HS256 with the public key as the secret is a 401, in every form of that key."""
    public = identity.keys["first"][1].public_key()
    async with trusting(identity) as client:
        for form in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1):
            for encoding in (Encoding.PEM, Encoding.DER):
                secret = public.public_bytes(encoding, form)
                token = _hmac_signed({"alg": "HS256", "kid": "first"}, identity.claims(), secret)
                assert await status(client, token) == 401


def _hmac_signed(header: Json, claims: Json, secret: bytes) -> str:
    """Sign by hand: PyJWT refuses public keys as secrets, as an attacker's tool would not."""
    import hashlib  # noqa: PLC0415 - for this forgery only
    import hmac  # noqa: PLC0415 - for this forgery only

    text = unsigned(header, claims).rstrip(".")
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_algorithms_are_the_configurations(identity: Identity) -> None:
    """A signature that is right but not among `algorithms` is a 401."""
    async with trusting(identity, algorithms=["ES256"]) as client:
        assert await status(client, identity.token()) == 401
    identity.keys["first"] = ("RS512", identity.keys["first"][1])
    async with trusting(identity, algorithms=["RS256"]) as client:
        assert await status(client, identity.token()) == 401


async def test_where_a_token_says_its_keys_are(identity: Identity) -> None:
    """`jku`, `x5u`, `jwk` and `x5c` are never followed: a token brings no key."""
    with provided() as evil:
        evil.keys["first"] = ("RS256", rsa_key())
        async with trusting(identity) as client:
            own = jwt.get_algorithm_by_name("RS256").to_jwk(
                evil.keys["first"][1].public_key(),
                as_dict=True,
            )
            for header in ({"jku": evil.url}, {"x5u": evil.url}, {"jwk": own}, {"x5c": ["AAAA"]}):
                assert await status(client, evil.token("first", header)) == 401
            assert await status(client, identity.token("first", {"jku": evil.url})) == 200
        assert evil.asked == []
    assert set(identity.asked) == {"/keys"}


async def test_a_weak_key(identity: Identity) -> None:
    """An RSA key of 1024 bits signs nothing that counts."""
    identity.keys["first"] = ("RS256", rsa_key(1024))
    claims, key = identity.claims(), identity.keys["first"][1]
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = jwt.encode(claims, key, "RS256", headers={"kid": "first"})
    async with trusting(identity) as client:
        assert await status(client, token) == 401


@pytest.mark.parametrize(
    "token",
    [
        "eyJ.eyJ.x",
        "eyJhbGciOiJSUzI1NiJ9..",
        "eyJhbGciOiJSUzI1NiJ9.e30.",
        "eyJ" + "A" * 20_000 + ".e30.AAAA",
        "eyJhbGciOiJSUzI1NiIsImNyaXQiOlsieCJdfQ.e30.AAAA",
        "eyJ\u00e9.e30.AAAA",
        unsigned({"alg": "RS256", "kid": 7}, {"iss": 7}) + "AAAA",
        unsigned({"alg": ["RS256"]}, {"iss": ["a"]}) + "AAAA",
    ],
    ids=lambda token: token[:30],
)
async def test_a03_tokens_that_are_none(identity: Identity, token: str) -> None:
    """A3: whatever looks like a token and is none is a 401, however large or strange."""
    async with trusting(identity) as client:
        headers = {b"authorization": b"Bearer " + token.encode()}
        answer = await client.get("/v1/models", headers=headers)
        assert answer.status_code == 401


async def test_a04_tokens_that_begin_alike(identity: Identity) -> None:
    """A4: tokens with the same first 64 characters and more are told apart, good or not."""
    async with trusting(identity, models_jwt_field="models") as client:
        one = identity.token(models=["chat"])
        two = identity.token(models=["text"])
        assert one[:64] == two[:64]
        forged = one[:-8] + ("AAAAAAAA" if one[-8:] != "AAAAAAAA" else "BBBBBBBB")
        for token, models in ((one, ["chat"]), (two, ["text"])):
            answer = await client.get("/v1/models", headers=shown(token))
            assert [model["id"] for model in answer.json()["data"]] == models
        assert await status(client, forged) == 401
        assert await status(client, one) == 200


async def test_a_user_of_any_name_is_no_administrator(identity: Identity) -> None:
    """A token for somebody called `admin` is a caller's like any other."""
    async with trusting(identity) as client:
        answer = await client.post("/config/reload", headers=shown(identity.token(sub="admin")))
        assert answer.status_code == 403


async def test_nothing_of_a_token_is_told(
    identity: Identity, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an answer nor the log has a token, or the address of the keys."""
    identity.instead = (500, {}, b"")
    async with trusting(identity) as client:
        token = identity.token()
        answer = await client.get("/v1/models", headers=shown(token))
        assert answer.status_code == 503
    said = capsys.readouterr()
    for secret in (token, token.rpartition(".")[2], identity.url, USER):
        assert secret not in answer.text + said.out + said.err
