"""Temporary credentials that AWS refuses: fetched once more, and the call made once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from adapters.base import Limits
from adapters.errors import DeadlineExceeded, UpstreamError
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.invoker import SageMakerInvoker
from tests.adapters.sagemaker.test_refreshing import Source, keys
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, serve

CODES = [
    (403, "ExpiredTokenException"),
    (403, "ExpiredToken"),
    (400, "ExpiredTokenException"),
    (403, "InvalidClientTokenId"),
    (403, "UnrecognizedClientException"),
]


@dataclass
class Door:
    """Lets some keys in; refuses the others in AWS's words."""

    status: int = 403
    code: str = "ExpiredTokenException"
    welcome: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)

    async def __call__(self, call: Call) -> None:
        key = call.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        self.seen.append(key)
        if key in self.welcome:
            await call.answer(body=b'"in"')
        else:
            body = b'{"message":"The security token included in the request is expired"}'
            await call.answer(self.status, body, x_amzn_ErrorType=self.code)


@pytest.fixture
async def client() -> AsyncIterator[DirectClient]:
    """A pool of connections, closed at the end."""
    client = DirectClient()
    yield client
    await client.aclose()


@pytest.mark.parametrize(("status", "code"), CODES)
async def test_one_refresh_and_one_retry(client: DirectClient, status: int, code: str) -> None:
    """A refusal of temporary keys brings new ones, and the caller sees the answer to those."""
    source = Source()
    invoker = SageMakerInvoker(client, source.provider())
    door = Door(status, code, {"ASIA2"})
    async with serve(door) as upstream:
        reply = await invoker.invoke(upstream.target(), PAYLOAD, Limits())
        assert reply.body == b'"in"'
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, Limits())
        await stream.aclose()
    assert door.seen == ["ASIA1", "ASIA2", "ASIA2"]
    assert source.fetched == 2


async def test_the_second_refusal_is_the_answer(client: DirectClient) -> None:
    """New keys that are refused as well are a 502; nothing is tried a third time."""
    source = Source()
    door = Door()
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await SageMakerInvoker(client, source.provider()).invoke(
                upstream.target(), PAYLOAD, Limits()
            )
    assert (caught.value.status, caught.value.code) == (502, "ExpiredTokenException")
    assert caught.value.should_retry is False
    assert door.seen == ["ASIA1", "ASIA2"]


async def test_no_other_keys_no_second_call(client: DirectClient) -> None:
    """Where a refresh brings nothing new, the first refusal is the answer."""
    source = Source()
    provider = source.provider()
    await provider.prepare()
    source.stuck = True
    door = Door()
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError, match="ExpiredTokenException"):
            await SageMakerInvoker(client, provider).invoke(upstream.target(), PAYLOAD, Limits())
    assert door.seen == ["ASIA1"]
    assert source.fetched == 2


@pytest.mark.parametrize("token", [None, "token"])
async def test_static_keys_are_not_tried_again(client: DirectClient, token: str | None) -> None:
    """Keys of the configuration have no successor: one call, one refusal."""
    door = Door()
    provider = StaticCredentials(Credentials("AKIDEXAMPLE", "secret", token))
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError, match="ExpiredTokenException"):
            await SageMakerInvoker(client, provider).invoke(upstream.target(), PAYLOAD, Limits())
    assert door.seen == ["AKIDEXAMPLE"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidSignatureException"])
async def test_other_refusals_are_final(client: DirectClient, code: str) -> None:
    """What new keys can't mend costs no refresh."""
    source = Source()
    door = Door(code=code)
    async with serve(door) as upstream:
        with pytest.raises(UpstreamError, match=code):
            await SageMakerInvoker(client, source.provider()).invoke(
                upstream.target(), PAYLOAD, Limits()
            )
    assert source.fetched == 1


async def test_many_refused_at_once(client: DirectClient) -> None:
    """A hundred calls with the same stale keys cause one refresh, and all are answered."""
    source = Source()
    invoker = SageMakerInvoker(client, source.provider())
    door = Door(welcome={"ASIA2"})
    async with serve(door) as upstream:
        calls = (invoker.invoke(upstream.target(), PAYLOAD, Limits()) for _ in range(100))
        replies = await asyncio.gather(*calls)
    assert {reply.body for reply in replies} == {b'"in"'}
    assert source.fetched == 2
    assert set(door.seen) == {keys(1).access_key, keys(2).access_key}


async def test_a_renewal_keeps_the_calls_time(client: DirectClient) -> None:
    """The call's time limit holds for both tries and for the refresh between them."""
    source = Source()
    provider = source.provider()
    await provider.prepare()
    source.open.clear()
    async with serve(Door()) as upstream:
        with pytest.raises(DeadlineExceeded):
            await SageMakerInvoker(client, provider).invoke(
                upstream.target(), PAYLOAD, Limits(first_byte=0.3)
            )
    source.open.set()
