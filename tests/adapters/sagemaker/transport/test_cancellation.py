"""Leaving at any moment takes the connection along, and nothing else."""

import asyncio
import gc

import pytest

from adapters.errors import UpstreamError
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.transport import Client
from tests.adapters.sagemaker.authority import Authority
from tests.adapters.sagemaker.transport.contract import SOON, NewClient, exchange, post
from tests.adapters.sagemaker.transport.plain_server import Plain, listening
from tests.adapters.sagemaker.transport.test_tls import by_name, trusting
from tests.adapters.sagemaker.upstream import Call, chunk, head, serve

BODY = b"x" * 300_000
#: More rounds of the loop than an exchange on loopback mostly takes, and than it ever should.
ROUNDS, MOST_ROUNDS = 60, 2000


async def cancelled_after(task: asyncio.Task[bytes], rounds: int) -> bool:
    """Cancel a call after so many rounds of the loop; give whether it was still under way."""
    for _ in range(rounds):
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(SOON):
        await asyncio.wait({task})
    return task.cancelled()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("limit", [0, 1], ids=["no limit", "one connection"])
async def test_cancelled_at_every_await(
    new_client: NewClient, authority: Authority, tls: bool, limit: int
) -> None:
    """In whichever round a call is cancelled, the next ones get their own answers.

    Up to rounds in which there is nothing left to cancel: no await is left out.
    """

    async def script(call: Call) -> None:
        body = call.body
        call.writer.write(head(200, "a/b", Transfer_Encoding="chunked"))
        for at in range(0, len(body), 100_000):
            await asyncio.sleep(0)
            call.writer.write(chunk(body[at : at + 100_000]))
        await call.chunk(b"")

    client = new_client(connections_per_host=limit, tls=trusting(authority))
    async with serve(script, authority.server if tls else None) as upstream:
        if tls:
            by_name(upstream)
        outcomes = set()
        for rounds in range(MOST_ROUNDS):
            task = asyncio.create_task(exchange(client, upstream, BODY))
            outcomes.add(await cancelled_after(task, rounds))
            mine = b"%d" % rounds
            assert await asyncio.wait_for(exchange(client, upstream, mine), SOON) == mine
            if rounds >= ROUNDS and False in outcomes:
                break
    assert outcomes == {True, False}


@pytest.mark.parametrize("moment", ["connecting", "headers", "body"])
async def test_the_peer_is_told(client: Client, moment: str) -> None:
    """Whoever serves a call that was cancelled sees the connection close (F8)."""
    asked, left = asyncio.Event(), asyncio.Event()

    async def answer(peer: Plain) -> None:
        if moment != "connecting":
            await peer.request()
        if moment == "body":
            peer.writer.write(head(200, "a/b", Content_Length="10") + b"begun")
        asked.set()
        await peer.gone()
        left.set()

    async with listening(answer) as upstream:
        task = asyncio.create_task(exchange(client, upstream))
        await asyncio.wait_for(asked.wait(), SOON)
        await asyncio.sleep(0.02)
        assert await cancelled_after(task, 0)
        await asyncio.wait_for(left.wait(), SOON)


async def test_a_read_after_the_end(client: Client) -> None:
    """Closing twice, or after the end, is nothing; a read after closing is an error, not a wait."""
    async with serve(Call.answer) as upstream:
        response = await post(client, upstream)
        assert await response.read_all() == b"{}"
        assert await response.read_some() == b""
        response.close()
        assert await exchange(client, upstream) == b"{}"
    assert upstream.connections == 1

    async def begun(call: Call) -> None:
        await call.send(head(200, "a/b", Content_Length="10"))
        await call.gone()

    async with serve(begun) as upstream:
        response = await post(client, upstream)
        response.close()
        response.close()
        with pytest.raises(UpstreamError):
            await asyncio.wait_for(response.read_some(), SOON)


async def test_an_answer_that_nobody_reads_any_more(direct: DirectClient) -> None:
    """A response that is dropped without a word lets its connection go."""
    left = asyncio.Event()

    async def answer(peer: Plain) -> None:
        await peer.request()
        peer.writer.write(head(200, "a/b", Content_Length="10") + b"begun")
        await peer.gone()
        left.set()

    async with listening(answer) as upstream:
        response = await post(direct, upstream)
        assert await response.read_some() == b"begun"
        reading = asyncio.ensure_future(response.read_some())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait({reading})
        del response, reading
        gc.collect()
        await asyncio.wait_for(left.wait(), SOON)
        left.clear()
        response = await post(direct, upstream)
        del response
        gc.collect()
        await asyncio.wait_for(left.wait(), SOON)
