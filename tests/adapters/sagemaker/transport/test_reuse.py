"""Connections that serve again, and those that had better not."""

import asyncio

import pytest

from adapters.errors import GatewayError, UpstreamError
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.transport import STALE_WITHIN, Client
from tests.adapters.sagemaker.transport.contract import (
    NewClient,
    eventually,
    exchange,
    post,
    raw,
)
from tests.adapters.sagemaker.upstream import Call, Script, chunk, head, serve

OK = head(200, "application/json", Content_Length="2") + b"{}"
CHUNKED = head(200, "application/json", Transfer_Encoding="chunked")
END = chunk(b"")


async def test_a_connection_serves_again(client: Client) -> None:
    """One after the other, length-delimited or chunked, all requests take one connection."""

    async def script(call: Call) -> None:
        await call.send(OK if len(upstream.calls) % 2 else CHUNKED + chunk(b"{}") + END)

    async with serve(script) as upstream:
        for _ in range(10):
            assert await exchange(client, upstream) == b"{}"
    assert upstream.connections == 1


async def test_the_last_one_used_is_the_next(direct: DirectClient) -> None:
    """The connections that are not needed rest, so that they grow old; aiohttp takes turns."""
    client = direct
    async with serve(Call.answer) as upstream:
        await asyncio.gather(*(exchange(client, upstream) for _ in range(3)))
        for _ in range(10):
            await exchange(client, upstream)
    assert upstream.connections == 3
    assert len({call.connection for call in upstream.calls[3:]}) == 1


async def test_idle_connections_are_given_up(new_client: NewClient) -> None:
    """A connection that nobody has used for long is closed, and not asked again."""
    client = new_client(keep_alive=0.05)
    left = asyncio.Event()

    async def script(call: Call) -> None:
        await call.answer()
        if len(upstream.calls) == 1:
            await call.gone()
            left.set()

    async with serve(script) as upstream:
        await exchange(client, upstream)
        await asyncio.wait_for(left.wait(), 10)
        await exchange(client, upstream)
    assert upstream.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        head(200, "application/json", Content_Length="2", Connection="close") + b"{}",
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["asked to close", "HTTP/1.0"],
)
async def test_an_answer_that_ends_its_connection(client: Client, answer: bytes) -> None:
    """A peer that does not want to be asked again is not."""
    async with serve(raw(answer)) as upstream:
        for _ in range(3):
            assert await exchange(client, upstream) == b"{}"
        assert upstream.connections == 3


@pytest.mark.parametrize(
    "surplus",
    [b"garbage", OK, b"HTTP/1.1 200 OK\r\n"],
    ids=["garbage", "a second answer", "half a second answer"],
)
@pytest.mark.parametrize("begun", [OK, CHUNKED + chunk(b"{}") + END], ids=["sized", "chunked"])
async def test_more_than_an_answer(direct: DirectClient, begun: bytes, surplus: bytes) -> None:
    """What comes behind an answer never becomes the next one's.

    aiohttp keeps it for the next request, or refuses the answer.
    """
    async with serve(raw(begun + surplus)) as upstream:
        for _ in range(3):
            assert await exchange(direct, upstream) == b"{}"
        assert upstream.connections == 3


async def test_an_answer_that_nobody_asked_for(direct: DirectClient) -> None:
    """What comes between two requests is no answer to the second one; aiohttp takes it for one."""
    sent = asyncio.Event()

    async def script(call: Call) -> None:
        await call.answer(body=b"[%d]" % len(upstream.calls))
        if len(upstream.calls) == 1:
            await asyncio.sleep(0.02)
            await call.answer(body=b"for nobody")
            sent.set()

    async with serve(script) as upstream:
        assert await exchange(direct, upstream) == b"[1]"
        await sent.wait()
        await asyncio.sleep(0.05)
        assert await exchange(direct, upstream) == b"[2]"
    assert upstream.connections == 2


def stale(after: int, times: int = 1) -> tuple[Script, list[int]]:
    """Write a script that closes a used connection without a word, so many times."""
    closed: list[int] = []
    seen: dict[int, int] = {}

    async def script(call: Call) -> None:
        seen[call.connection] = seen.get(call.connection, 0) + 1
        if seen[call.connection] > after and len(closed) < times:
            closed.append(call.connection)
            call.writer.close()
            await call.writer.wait_closed()
            raise ConnectionError
        await call.answer()

    return script, closed


@pytest.mark.parametrize("body", [b"{}", b"x" * 300_000], ids=["small", "large"])
async def test_a_stale_connection(client: Client, body: bytes) -> None:
    """A used one that the peer closes without a byte is replaced once, the body sent again."""
    script, closed = stale(after=1)
    async with serve(script) as upstream:
        assert await exchange(client, upstream) == b"{}"
        assert await exchange(client, upstream, body) == b"{}"
    assert closed == [1]
    assert [len(call.body) for call in upstream.calls] == [2, len(body), len(body)]
    assert upstream.connections == 2


async def test_exactly_one_retry(client: Client) -> None:
    """If the replacement is closed too, that is the answer; it may be tried again elsewhere."""
    script, closed = stale(after=0, times=10)

    async def used_then_closed(call: Call) -> None:
        if len(upstream.calls) <= 3:
            await call.answer()
        else:
            await script(call)

    async with serve(used_then_closed) as upstream:
        await asyncio.gather(*(exchange(client, upstream) for _ in range(3)))
        with pytest.raises(UpstreamError) as caught:
            await exchange(client, upstream)
    assert (caught.value.code, caught.value.retryable) == ("connection_lost", True)
    assert len(closed) == 2


async def test_a_new_connection_is_not_stale(client: Client) -> None:
    """A peer that closes a new connection has heard the request: it is not sent again."""
    script, closed = stale(after=0)
    async with serve(script) as upstream:
        with pytest.raises(UpstreamError):
            await exchange(client, upstream)
    assert closed == [1]
    assert len(upstream.calls) == 1


@pytest.mark.parametrize(
    "said", [b"H", b"HTTP/1.1 200 OK\r\nContent-", CHUNKED, CHUNKED + b"2\r\n"]
)
async def test_no_retry_after_the_first_byte(client: Client, said: bytes) -> None:
    """A peer that has begun to answer has worked: the request is not sent again (G10)."""

    async def script(call: Call) -> None:
        if len(upstream.calls) == 1:
            await call.answer()
        else:
            await call.send(said)
            call.writer.close()

    async with serve(script) as upstream:
        await exchange(client, upstream)
        with pytest.raises(GatewayError):
            await exchange(client, upstream)
    assert len(upstream.calls) == 2


async def test_no_retry_after_a_while(client: Client) -> None:
    """A peer that closes only later may have worked at the request: it is not sent again."""

    async def script(call: Call) -> None:
        if len(upstream.calls) == 1:
            await call.answer()
        else:
            await asyncio.sleep(STALE_WITHIN + 0.1)
            call.writer.close()

    async with serve(script) as upstream:
        await exchange(client, upstream)
        with pytest.raises(UpstreamError):
            await exchange(client, upstream)
    assert len(upstream.calls) == 2


async def test_a_reset_is_not_stale(client: Client) -> None:
    """A peer that resets a used connection refuses: whether to ask again is the pool's to say."""

    async def script(call: Call) -> None:
        if len(upstream.calls) == 1:
            await call.answer()
        else:
            call.reset()
            raise ConnectionError

    async with serve(script) as upstream:
        await exchange(client, upstream)
        with pytest.raises(UpstreamError) as caught:
            await exchange(client, upstream)
    assert (caught.value.code, caught.value.retryable) == ("connection_lost", True)
    assert len(upstream.calls) == 2


async def test_closing_the_client_ends_calls(client: Client) -> None:
    """Calls that still run fail; nothing is tried again."""
    asked = asyncio.Event()

    async def script(call: Call) -> None:
        if len(upstream.calls) == 1:
            await call.answer()
        else:
            asked.set()
            await call.gone()

    async with serve(script) as upstream:
        await exchange(client, upstream)
        running = asyncio.ensure_future(post(client, upstream))
        await asked.wait()
        await client.aclose()
        with pytest.raises(GatewayError):
            await asyncio.wait_for(running, 10)
        await eventually(lambda: len(upstream.calls) == 2)
    assert upstream.connections == 1
