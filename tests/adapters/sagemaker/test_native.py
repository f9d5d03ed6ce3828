"""Whole calls over the native OpenAI path: what is sent, what comes back, the second try."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from adapters.base import Head, Invoker, Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import (
    DeadlineExceeded,
    MalformedReply,
    PayloadTooLarge,
    UpstreamError,
)
from adapters.sagemaker.bearer import LIFE_SECONDS, BearerTokens, mint_token
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.hosts import native_urls
from adapters.sagemaker.native import OpenAIPathInvoker
from adapters.sagemaker.transport import MAX_BODY_BYTES, Client
from tests.adapters.sagemaker.upstream import Call, Upstream, head, serve

KEYS = Credentials("AKIDEXAMPLE", "secret", "session")
REGION = "eu-west-1"
PAYLOAD = Payload(body=b'{"messages":[]}', headers=(("X-Amzn-SageMaker-Inference-Id", "mine"),))
EVENTS = [b'data: {"a":1}\n\n', b"data: \xe2\x82", b"\xac\n\ndata: [DONE]\n\n"]
REFUSALS = [401, 403]


class Clock:
    """A clock that goes on by a minute each time it is read."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 60
        return self.now


def token_at(now: float) -> str:
    """Give the header of a token that was minted then."""
    return f"Bearer {mint_token(KEYS, REGION, now, LIFE_SECONDS)}"


@pytest.fixture
def clock() -> Clock:
    """The tokens' clock."""
    return Clock()


@pytest.fixture
def invoker(client: Client, clock: Clock) -> OpenAIPathInvoker:
    """An invoker for static keys."""
    return OpenAIPathInvoker(client, StaticCredentials(KEYS), BearerTokens(clock))


def target(upstream: Upstream, **changes: Any) -> Target:
    """Give a deployment that is served there, on the native path."""
    urls = native_urls("my-endpoint", REGION, upstream.url)
    return upstream.target(**{"invoke_url": urls.invoke, "stream_url": urls.stream, **changes})


async def collect(stream: UpstreamStream) -> list[bytes]:
    """Read a stream to its end."""
    return [chunk async for chunk in stream.chunks]


def answering(*statuses: int) -> Callable[[Call], Any]:
    """Answer one request after the other with these statuses."""
    left = list(statuses)

    async def script(call: Call) -> None:
        await call.answer(left.pop(0), x_amzn_RequestId=f"r-{len(left)}")

    return script


def test_is_an_invoker(invoker: OpenAIPathInvoker) -> None:
    """The class has the shape that endpoints ask for (checked by the type checkers)."""
    seam: Invoker = invoker
    assert seam is invoker


async def test_invoke(invoker: OpenAIPathInvoker, clock: Clock) -> None:
    """The body goes as it is, with a token and no other header of AWS's; the head comes back."""

    async def script(call: Call) -> None:
        await call.answer(
            body=b'{"x":1}', x_amzn_RequestId="r-1", x_Amzn_Invoked_Production_Variant="blue"
        )

    async with serve(script) as upstream:
        where = target(upstream, headers=(("X-Amzn-SageMaker-Session-Id", "s"),))
        reply = await invoker.invoke(where, PAYLOAD, Limits())
    assert reply == Reply(
        head=Head(content_type="application/json", request_id="r-1", variant="blue"),
        body=b'{"x":1}',
    )
    (call,) = upstream.calls
    assert call.line == "POST /endpoints/my-endpoint/openai/v1/chat/completions HTTP/1.1"
    assert call.body == PAYLOAD.body
    assert sorted(name.lower() for name in call.headers) == [
        "accept",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ]
    assert call.headers["Authorization"] == token_at(clock.now)


async def test_the_component_is_in_the_path(invoker: OpenAIPathInvoker) -> None:
    """Each component has its own path, and none is in a header."""

    async def script(call: Call) -> None:
        await call.answer()

    async with serve(script) as upstream:
        for name in ("one", "two", "a%2Fb"):
            await invoker.invoke(target(upstream, inference_component=name), PAYLOAD, Limits())
    root = "POST /endpoints/my-endpoint/inference-components"
    assert [call.line for call in upstream.calls] == [
        f"{root}/{name}/openai/v1/chat/completions HTTP/1.1" for name in ("one", "two", "a%252Fb")
    ]
    assert not any("component" in name.lower() for call in upstream.calls for name in call.headers)


async def test_tokens_are_used_again(invoker: OpenAIPathInvoker) -> None:
    """Calls within five minutes have the same token."""
    async with serve(answering(*[200] * 4)) as upstream:
        for _ in range(4):
            await invoker.invoke(target(upstream), PAYLOAD, Limits())
    assert len({call.headers["Authorization"] for call in upstream.calls}) == 1


@pytest.mark.parametrize(
    "kind", ["text/event-stream; charset=utf-8", "application/jsonlines", "text/plain", ""]
)
@pytest.mark.parametrize("sized", [True, False], ids=["content-length", "chunked"])
async def test_stream(invoker: OpenAIPathInvoker, kind: str, sized: bool) -> None:
    """A stream is the container's bytes, however HTTP frames them, with the head in front."""

    async def script(call: Call) -> None:
        if sized:
            await call.answer(body=b"".join(EVENTS), kind=kind, x_amzn_RequestId="request-1")
            return
        await call.begin_stream(kind)
        for event in EVENTS:
            await call.chunk(event)
        await call.chunk(b"")

    async with serve(script) as upstream:
        stream = await invoker.open_stream(target(upstream), PAYLOAD, Limits())
        assert stream.head.content_type == kind
        assert stream.head.request_id == "request-1"
        assert b"".join(await collect(stream)) == b"".join(EVENTS)
    (call,) = upstream.calls
    assert call.line == "POST /endpoints/my-endpoint/openai/v1/chat/completions HTTP/1.1"


async def test_records_are_not_held_back(invoker: OpenAIPathInvoker) -> None:
    """A record is given as soon as it is there, while the next is not even written."""
    taken = asyncio.Event()

    async def script(call: Call) -> None:
        await call.begin_stream("text/event-stream")
        await call.chunk(EVENTS[0])
        await taken.wait()
        await call.chunk(EVENTS[1])
        await call.chunk(b"")

    async with serve(script) as upstream:
        stream = await invoker.open_stream(target(upstream), PAYLOAD, Limits())
        assert await anext(stream.chunks) == EVENTS[0]
        taken.set()
        assert await collect(stream) == [EVENTS[1]]


@pytest.mark.parametrize("sized", [True, False], ids=["content-length", "chunked"])
async def test_a_cut_stream_is_an_error(invoker: OpenAIPathInvoker, sized: bool) -> None:
    """What came is given, then the cut is told, with AWS's request id."""

    async def script(call: Call) -> None:
        if sized:
            start = head(200, "text/event-stream", Content_Length="99", x_amzn_RequestId="r-1")
            await call.send(start + EVENTS[0])
        else:
            start = head(
                200, "text/event-stream", Transfer_Encoding="chunked", x_amzn_RequestId="r-1"
            )
            await call.send(start)
            await call.chunk(EVENTS[0])
        call.writer.close()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(target(upstream), PAYLOAD, Limits())
        assert await anext(stream.chunks) == EVENTS[0]
        with pytest.raises(UpstreamError) as caught:
            await anext(stream.chunks)
    assert caught.value.code == "connection_lost"
    assert caught.value.request_id == "r-1"


async def test_silence_ends_a_stream(invoker: OpenAIPathInvoker) -> None:
    """A stream that stalls is over after `idle`, and its connection is closed."""

    async def script(call: Call) -> None:
        await call.begin_stream("text/event-stream")
        await call.chunk(EVENTS[0])
        await call.gone()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(target(upstream), PAYLOAD, Limits(idle=0.2))
        with pytest.raises(DeadlineExceeded):
            await collect(stream)


async def test_a_whole_document_for_a_stream(invoker: OpenAIPathInvoker) -> None:
    """A container that does not stream is handed on, up to the limit of whole answers."""

    async def script(call: Call) -> None:
        await call.answer(body=b'{"choices":[]}')

    async with serve(script) as upstream:
        stream = await invoker.open_stream(target(upstream), PAYLOAD, Limits())
        assert await collect(stream) == [b'{"choices":[]}']


async def test_only_documents_have_a_largest_size(invoker: OpenAIPathInvoker) -> None:
    """An endless document is refused."""

    async def script(call: Call) -> None:
        await call.begin_stream("application/json")
        for _ in range(MAX_BODY_BYTES // 2**22 + 1):
            await call.chunk(b" " * 2**22)

    async with serve(script) as upstream:
        stream = await invoker.open_stream(target(upstream), PAYLOAD, Limits())
        with pytest.raises(MalformedReply):
            await collect(stream)


@pytest.mark.parametrize("kind", ["text/html", "application/vnd.amazon.eventstream"])
async def test_other_content_types(invoker: OpenAIPathInvoker, kind: str) -> None:
    """A page, or frames, for a stream is a 502 with a clear text."""

    async def script(call: Call) -> None:
        await call.answer(kind=kind)

    async with serve(script) as upstream:
        with pytest.raises(MalformedReply, match="neither server-sent events nor JSON"):
            await invoker.open_stream(target(upstream), PAYLOAD, Limits())


async def test_too_large_a_body_is_never_sent(invoker: OpenAIPathInvoker) -> None:
    """The target's limit holds here too, before anything is sent."""
    async with serve(answering()) as upstream:
        with pytest.raises(PayloadTooLarge):
            await invoker.invoke(target(upstream, max_payload_bytes=3), PAYLOAD, Limits())
    assert not upstream.calls


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("streaming", [False, True])
async def test_a_refused_token_is_replaced_once(
    invoker: OpenAIPathInvoker, status: int, streaming: bool
) -> None:
    """After 401 or 403 the token is dropped, and one fresh one is tried; it stays."""
    async with serve(answering(200, status, 200, 200)) as upstream:
        where = target(upstream)
        await invoker.invoke(where, PAYLOAD, Limits())
        call = invoker.open_stream if streaming else invoker.invoke
        await call(where, PAYLOAD, Limits())
        await invoker.invoke(where, PAYLOAD, Limits())
    first, refused, fresh, later = (each.headers["Authorization"] for each in upstream.calls)
    assert first == refused != fresh == later


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_second_refusal_is_final(invoker: OpenAIPathInvoker, status: int) -> None:
    """Two refusals are a 502 that names no token; the next call brings another token."""
    async with serve(answering(status, status, 200)) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await invoker.invoke(target(upstream), PAYLOAD, Limits())
        await invoker.invoke(target(upstream), PAYLOAD, Limits())
    error = caught.value
    assert (error.status, error.should_retry, error.request_id) == (502, False, "r-1")
    sent = [call.headers["Authorization"] for call in upstream.calls]
    assert len(set(sent)) == 3
    for token in sent:
        assert token.removeprefix("Bearer ") not in f"{error!r} {error.detail} {vars(error)}"


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_other_refusals_are_not_repeated(invoker: OpenAIPathInvoker, status: int) -> None:
    """Only a refused identity is tried again here."""
    async with serve(answering(status)) as upstream:
        with pytest.raises(UpstreamError):
            await invoker.invoke(target(upstream), PAYLOAD, Limits())
    assert len(upstream.calls) == 1


async def test_both_tries_share_their_time(invoker: OpenAIPathInvoker) -> None:
    """The second try has what the first left of the limits, not limits of its own."""
    begun = asyncio.get_running_loop().time

    async def script(call: Call) -> None:
        if call is upstream.calls[0]:
            await asyncio.sleep(1.2)
            await call.answer(403)
        else:
            await call.gone()

    async with serve(script) as upstream:
        start = begun()
        with pytest.raises(DeadlineExceeded):
            await invoker.invoke(target(upstream), PAYLOAD, Limits(deadline=1.4))
        assert begun() - start < 2.4
    assert len(upstream.calls) == 2


class Slow(StaticCredentials):
    """Credentials that never come."""

    def at_hand(self) -> None:
        """Give nothing."""

    async def current(self) -> Credentials:
        """Wait."""
        await asyncio.Event().wait()
        return await super().current()


async def test_waiting_for_credentials_has_an_end(client: Client) -> None:
    """Credentials are a part of the first byte's time."""
    invoker = OpenAIPathInvoker(client, Slow(KEYS), BearerTokens())
    async with serve(answering()) as upstream:
        with pytest.raises(DeadlineExceeded):
            await invoker.invoke(target(upstream), PAYLOAD, Limits(first_byte=0.1))
    assert not upstream.calls
