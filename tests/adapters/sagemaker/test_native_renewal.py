"""The native path's answer to temporary credentials that AWS calls over: others, and one retry."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest

from adapters.base import Limits
from adapters.errors import DeadlineExceeded, UpstreamError
from adapters.sagemaker.bearer import BearerTokens
from adapters.sagemaker.clock import ClockWatch
from adapters.sagemaker.credentials import Credentials, Issued
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.native import OpenAIPathInvoker
from adapters.sagemaker.refreshing import RefreshingCredentials
from tests.adapters.sagemaker.test_native import target
from tests.adapters.sagemaker.test_refreshing import Source
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, serve

#: Names that stand for credentials that are over; the last is an answer that names nothing.
STALE = ["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", None]


def signer(call: Call) -> str:
    """Give the access key that a call's token was minted with."""
    token = call.headers["Authorization"].removeprefix("Bearer sagemaker-api-key-")
    query = base64.b64decode(token).decode().partition("?")[2]
    return parse_qs(query)["X-Amz-Credential"][0].partition("/")[0]


@dataclass
class Door:
    """Lets tokens of some keys in; refuses the others as AWS does on this path."""

    code: str | None = "ExpiredTokenException"
    status: int = 403
    welcome: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)

    async def __call__(self, call: Call) -> None:
        self.seen.append(signer(call))
        if self.seen[-1] in self.welcome:
            await call.answer(body=b'{"in":1}')
        else:
            said = {"message": "The security token is expired", "code": self.code}
            await call.answer(self.status, json.dumps({"error": said}).encode())


@pytest.fixture
async def client() -> AsyncIterator[DirectClient]:
    """A pool of connections, closed at the end."""
    client = DirectClient()
    yield client
    await client.aclose()


def invoker(client: DirectClient, provider: RefreshingCredentials) -> OpenAIPathInvoker:
    """Give an invoker with tokens of its own."""
    return OpenAIPathInvoker(client, provider, BearerTokens())


@pytest.mark.parametrize("code", STALE)
@pytest.mark.parametrize("status", [401, 403])
async def test_one_refresh_and_one_retry(
    client: DirectClient, code: str | None, status: int
) -> None:
    """Credentials that AWS calls over, or refuses without a name, are fetched anew, once."""
    source = Source()
    native = invoker(client, source.provider())
    door = Door(code, status, {"ASIA2"})
    async with serve(door) as upstream:
        where = target(upstream)
        reply = await native.invoke(where, PAYLOAD, Limits())
        assert reply.body == b'{"in":1}'
        stream = await native.open_stream(where, PAYLOAD, Limits())
        await stream.aclose()
    assert door.seen == ["ASIA1", "ASIA2", "ASIA2"]
    assert source.fetched == 2


async def test_the_second_refusal_is_the_answer(client: DirectClient) -> None:
    """Others that are refused as well are a 502 that says why; nothing is tried a third time."""
    source = Source()
    door = Door()
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await invoker(client, source.provider()).invoke(target(upstream), PAYLOAD, Limits())
    assert (caught.value.status, caught.value.code) == (502, "ExpiredTokenException")
    assert caught.value.should_retry is False
    assert door.seen == ["ASIA1", "ASIA2"]
    assert source.fetched == 2


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidSignatureException"])
async def test_other_refusals_cost_no_refresh(client: DirectClient, code: str) -> None:
    """What other credentials can't mend is tried with another token, and no other keys."""
    source = Source()
    door = Door(code)
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError, match=code):
            await invoker(client, source.provider()).invoke(target(upstream), PAYLOAD, Limits())
    assert door.seen == ["ASIA1", "ASIA1"]
    assert source.fetched == 1


async def test_keys_without_a_session_are_not_fetched_again(client: DirectClient) -> None:
    """Lasting keys don't expire: another token of theirs is tried, and nobody is asked for keys."""
    lasting = Issued(Credentials("AKIDEXAMPLE", "secret"))
    fetched: list[Credentials | None] = []

    async def fetch(stale: Credentials | None) -> Issued:
        fetched.append(stale)
        return lasting

    door = Door("UnrecognizedClientException")
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError, match="UnrecognizedClientException"):
            await invoker(client, RefreshingCredentials(fetch)).invoke(
                target(upstream), PAYLOAD, Limits()
            )
    assert door.seen == ["AKIDEXAMPLE"] * 2
    assert fetched == [None]


async def test_no_others_to_be_had(client: DirectClient) -> None:
    """While none can be fetched, the same credentials' fresh token is the second and last try."""
    source = Source()
    provider = source.provider()
    await provider.prepare()
    source.failure = OSError("down")
    door = Door()
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError, match="ExpiredTokenException"):
            await invoker(client, provider).invoke(target(upstream), PAYLOAD, Limits())
    assert door.seen == ["ASIA1", "ASIA1"]
    assert source.fetched == 2


async def test_many_refused_at_once(client: DirectClient) -> None:
    """A hundred calls with the same stale credentials cause one refresh; all are answered."""
    source = Source()
    native = invoker(client, source.provider())
    door = Door(welcome={"ASIA2"})
    async with serve(door) as upstream:
        where = target(upstream)
        calls = (native.invoke(where, PAYLOAD, Limits()) for _ in range(100))
        replies = await asyncio.gather(*calls)
    assert {reply.body for reply in replies} == {b'{"in":1}'}
    assert source.fetched == 2


async def test_a_renewal_keeps_the_calls_time(client: DirectClient) -> None:
    """The call's time limit holds for both tries and for the refresh between them."""
    source = Source()
    provider = source.provider()
    await provider.prepare()
    source.open.clear()
    async with serve(Door()) as upstream:
        with pytest.raises(DeadlineExceeded):
            await invoker(client, provider).invoke(
                target(upstream), PAYLOAD, Limits(first_byte=0.3)
            )
    source.open.set()


async def test_a_wrong_clock_is_told(client: DirectClient) -> None:
    """A refusal by an AWS whose time is another says so in its detail."""
    source = Source()

    async def script(call: Call) -> None:
        await call.answer(403, Date="Tue, 01 Jan 2030 00:00:00 GMT")

    native = OpenAIPathInvoker(
        client,
        source.provider(),
        BearerTokens(),
        clock=lambda: 1_893_456_000.0 + 600,
        clock_watch=ClockWatch(),
    )
    async with serve(script) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await native.invoke(target(upstream), PAYLOAD, Limits())
    assert "600 seconds ahead of AWS's" in str(caught.value.detail)
