"""An issuer's keys: when they are fetched, how often at most, and what happens without them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import jwt
import orjson
import pytest

from adapters.errors import MalformedReply, Overloaded
from proxy.jwt.key_set import PACE, KeySet, read_keys
from tests.proxy.jwt.identity import Identity, curve_key, rsa_key
from tests.proxy.jwt.test_tokens import code_of, shown, status, trusting


class Script:
    """A place of keys that answers, or fails, as told; and a clock."""

    def __init__(self, *kids: str) -> None:
        self.kids: tuple[str, ...] | None = kids
        self.asked = 0
        self.now = 1000.0
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, url: str) -> bytes:
        assert url == "https://login.example.com/keys"
        self.asked += 1
        await self.gate.wait()
        if self.kids is None:
            raise MalformedReply("gone", detail="status 500")
        return document(*self.kids)

    def keys(self) -> KeySet:
        return KeySet("https://login.example.com/keys", self.fetch, 600, lambda: self.now)


def document(*kids: str, **more: Any) -> bytes:
    """Give a key set with these ids."""
    rows = [{"kty": "RSA", "kid": kid, "n": "AQAB", "e": "AQAB", **more} for kid in kids]
    return orjson.dumps({"keys": rows})


async def settled(keys: KeySet, reached: Callable[[], bool]) -> None:
    """Let what runs beside the requests run until something is so."""
    async with asyncio.timeout(5):
        while not reached():  # noqa: ASYNC110 - the fetch has no event of its own
            await asyncio.sleep(0)
    await keys.ready()


async def test_many_who_wait_share_one_fetch() -> None:
    """However many requests come before the keys are there, they are fetched once."""
    script = Script("a")
    keys = script.keys()
    found = await asyncio.gather(*(keys.find("a") for _ in range(50)))
    assert {key.kid for key in found if key} == {"a"}
    assert script.asked == 1


async def test_an_unknown_key_asks_once_in_a_while() -> None:
    """A thousand tokens with ids that nobody has cost one fetch, until the pace allows another."""
    script = Script("a")
    keys = script.keys()
    await keys.find("a")
    for round_ in range(1, 4):
        script.now += PACE
        found = await asyncio.gather(*(keys.find(f"unknown-{n}") for n in range(1000)))
        assert set(found) == {None}
        assert script.asked == 1 + round_


async def test_a_new_key_is_found_at_once() -> None:
    """The first token of a key that the issuer has just taken up is good."""
    script = Script("a")
    keys = script.keys()
    await keys.find("a")
    script.kids = ("a", "b")
    script.now += PACE
    assert (await keys.find("b")) is not None
    assert keys.revision == 2


async def test_a_token_without_an_id_means_the_only_key() -> None:
    """Without an id there must be one key; among several nobody guesses, and nobody asks anew."""
    script = Script("a")
    keys = script.keys()
    assert (await keys.find(None)) is not None
    script.kids = ("a", "b")
    script.now += 601
    await keys.find("a")
    await settled(keys, lambda: keys.revision == 2)
    assert await keys.find(None) is None
    assert script.asked == 2


async def test_old_keys_are_fetched_beside_the_requests() -> None:
    """After their time keys are fetched again; requests go on with the old ones meanwhile."""
    script = Script("a")
    keys = script.keys()
    await keys.find("a")
    script.now += 601
    script.kids = ("b",)
    script.gate.clear()
    async with asyncio.timeout(5):
        assert (await keys.find("a")) is not None
    script.gate.set()
    await settled(keys, lambda: keys.revision == 2)
    assert await keys.find("a") is None


async def test_an_outage_is_borne_for_a_while() -> None:
    """When the issuer is down its keys stay good for an hour beyond their time, and no longer."""
    script = Script("a")
    keys = script.keys()
    await keys.find("a")
    script.kids = None
    script.now += 4100
    assert (await keys.find("a")) is not None
    script.now += 200
    with pytest.raises(Overloaded) as refused:
        await keys.find("a")
    assert refused.value.retry_after == PACE
    script.kids = ("a",)
    script.now += PACE
    assert (await keys.find("a")) is not None
    await keys.aclose()


async def test_who_leaves_does_not_stop_the_others() -> None:
    """A client that goes away cancels its own wait, not the fetch."""
    script = Script("a")
    script.gate.clear()
    keys = script.keys()
    leaving, staying = (asyncio.create_task(keys.find("a")) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    script.gate.set()
    assert (await staying) is not None


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": "x"}', b"<html>"])
def test_documents_that_are_no_key_sets(text: bytes) -> None:
    """What is no key set is refused as a whole."""
    with pytest.raises(ValueError, match=r"."):
        read_keys(text)


def test_keys_that_check_no_signatures() -> None:
    """Secrets, keys for encryption and what is no key are left out; private parts never come in."""
    rows = [
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        {"kty": "RSA", "kid": "enc", "use": "enc", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "ops", "key_ops": ["encrypt"], "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "good", "d": "private", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": 7, "alg": 7, "n": "AQAB", "e": "AQAB"},
        "no key",
    ]
    keys = read_keys(orjson.dumps({"keys": rows}))
    assert [key.kid for key in keys] == ["good", None]
    assert "d" not in keys[0].document
    assert keys[1].algorithm is None


def test_a_key_for_another_algorithm() -> None:
    """A key of one kind, or named for one algorithm, checks no other one's signatures."""
    (named,) = read_keys(document("a", alg="RS256"))
    with pytest.raises(jwt.PyJWTError):
        named.verifier("PS256")
    (free,) = read_keys(document("a"))
    with pytest.raises(jwt.PyJWTError):
        free.verifier("ES256")


@pytest.mark.parametrize(
    "instead",
    [
        (500, {}, b"secret words of the issuer"),
        (200, {}, b"no JSON"),
        (200, {}, b'{"keys": []}' + b" " * 600_000),
        (302, {"Location": "/elsewhere"}, b""),
    ],
    ids=["500", "text", "large", "redirect"],
)
async def test_keys_that_cannot_be_had(
    identity: Identity, instead: tuple[int, dict[str, str], bytes]
) -> None:
    """Without any keys a token is a 503 that says when to come again; other keys still work."""
    good = identity.token()
    identity.instead = instead
    async with trusting(identity) as client:
        answer = await client.get("/v1/models", headers=shown(good))
        assert (answer.status_code, code_of(answer)) == (503, "jwks_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "secret words" not in answer.text
        assert await status(client, "sk-nobody-has-this") == 401
        assert await status(client, "sk-a-long-enough-key") == 200
    assert set(identity.asked) == {"/keys"}


async def test_an_issuer_that_is_not_there(identity: Identity) -> None:
    """A gateway starts without its issuer, and takes its tokens once it is there."""
    url, identity.url = identity.url, "http://127.0.0.1:1/keys"
    async with trusting(identity) as client:
        assert await status(client, identity.token()) == 503
    identity.url = url
    async with trusting(identity) as client:
        assert await status(client, identity.token()) == 200


async def test_a_revoked_signing_key(identity: Identity) -> None:
    """A token that was good is refused once its key has gone from the issuer's set."""
    async with trusting(identity, public_key_ttl=0.05) as client:
        token = identity.token()
        assert await status(client, token) == 200
        identity.keys = {"second": ("RS256", rsa_key())}
        async with asyncio.timeout(PACE + 10):
            while await status(client, token) == 200:  # noqa: ASYNC110 - the promise is a time
                await asyncio.sleep(0.1)
        assert await status(client, token) == 401
        assert await status(client, identity.token("second")) == 200


async def test_two_keys_at_once(identity: Identity) -> None:
    """While an issuer changes its key, tokens of both are good."""
    identity.keys["second"] = ("ES256", curve_key())
    async with trusting(identity) as client:
        assert await status(client, identity.token("first")) == 200
        assert await status(client, identity.token("second")) == 200
        crossed = jwt.encode(
            identity.claims(), identity.keys["second"][1], "ES256", headers={"kid": "first"}
        )
        assert await status(client, crossed) == 401
    assert len(identity.asked) == 1
