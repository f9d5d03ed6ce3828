"""Flow control both ways, and answers that come before the question is at its end."""

import asyncio
import tracemalloc
from contextlib import suppress

import pytest

from adapters.base import Limits
from adapters.errors import DeadlineExceeded, UpstreamError
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.transport import Client, TimeFrame
from tests.adapters.sagemaker.transport.contract import SOON, eventually, exchange, post
from tests.adapters.sagemaker.transport.plain_server import Plain, listening
from tests.adapters.sagemaker.upstream import Call, chunk, head, serve

MEGABYTE = 2**20
#: What sockets of this machine take up by themselves, both sides together, and our own buffers.
IN_BETWEEN = 12 * MEGABYTE


async def test_a_slow_reader_stops_the_peer(client: Client) -> None:
    """What nobody reads is not fetched: memory does not grow with the answer; all of it comes."""
    total, sent = 64 * MEGABYTE, 0

    async def answer(peer: Plain) -> None:
        nonlocal sent
        await peer.request()
        peer.writer.write(head(200, "a/b", Content_Length=str(total)))
        while sent < total:
            peer.writer.write(b"x" * 65536)
            await peer.writer.drain()
            sent += 65536

    async with listening(answer) as upstream:
        response = await post(client, upstream)
        first = len(await response.read_some())
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.1)
        assert sent < IN_BETWEEN
        size = first
        while part := await response.read_some():
            size += len(part)
    assert size == total


async def test_a_slow_peer_is_waited_for(client: Client) -> None:
    """Five megabytes to a peer that reads little by little arrive whole; its silence is no loss."""
    body = bytes(range(256)) * 20_000
    received: list[bytes] = []

    async def answer(peer: Plain) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        while sum(map(len, received)) < len(body):
            received.append(await peer.reader.read(50_000))
            await asyncio.sleep(0)
        peer.writer.write(head(200, "a/b", Content_Length="2") + b"{}")

    async with listening(answer) as upstream:
        assert await exchange(client, upstream, body) == b"{}"
    assert b"".join(received) == body


async def test_a_peer_that_reads_nothing(client: Client) -> None:
    """It runs into the caller's time; leaving lets go of the body."""

    async def answer(peer: Plain) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with listening(answer) as upstream:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await exchange(client, upstream, b"x" * 20 * MEGABYTE)


@pytest.mark.asyncio(loop_factories=["asyncio"])
async def test_a_body_that_is_not_taken_is_not_copied(direct: DirectClient) -> None:
    """To a peer that does not read only as much is written as waits in its sockets.

    On asyncio's loop, whose transport copies what it can't send; uvloop keeps hold of the pieces.
    """

    async def answer(peer: Plain) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    body = b"x" * 40 * MEGABYTE
    async with listening(answer) as upstream:
        tracemalloc.start()
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await exchange(direct, upstream, body)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 4 * MEGABYTE


async def test_a_refusal_that_ends_later(direct: DirectClient) -> None:
    """Half a body was sent, and all of that was read: the connection still does not serve again.

    The next request would be taken for the rest. aiohttp sends on, whatever the status says.
    """
    body, ended = b"x" * 20 * MEGABYTE, list[int]()

    async def answer(peer: Plain) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.writer.write(head(413, "a/b", Content_Length="5"))
        received = 0
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.3):
                    received += len(await peer.reader.read(MEGABYTE))
        ended.append(received)
        peer.writer.write(b"large")
        await peer.gone()

    async with listening(answer) as upstream:
        for _ in range(2):
            response = await asyncio.wait_for(post(direct, upstream, body), SOON)
            assert response.status == 413
            assert await asyncio.wait_for(response.read_all(), SOON) == b"large"
        assert upstream.connections == 2
    assert all(received < len(body) for received in ended)


@pytest.mark.parametrize("then", ["reads on", "closes", "waits"])
async def test_an_early_refusal(client: Client, then: str) -> None:
    """A 413 in the middle of the body is the answer; the connection does not serve again."""
    refusal = head(413, "a/b", Content_Length="5") + b"large"
    body = b"x" * 20 * MEGABYTE

    async def answer(peer: Plain) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.writer.write(refusal)
        await peer.writer.drain()
        if then == "reads on":
            while await peer.reader.read(MEGABYTE):
                pass
        elif then == "waits":
            await done.wait()

    done = asyncio.Event()
    async with listening(answer) as upstream:
        for _ in range(2):
            async with asyncio.timeout(SOON):
                response = await post(client, upstream, body)
                assert response.status == 413
                assert await response.read_all() == b"large"
        done.set()
        assert upstream.connections == 2


async def test_an_early_answer_that_is_none_of_refusal(client: Client) -> None:
    """A peer that begins its answer while it still reads gets all of the body."""
    body = b"x" * 5 * MEGABYTE
    received = 0

    async def answer(peer: Plain) -> None:
        nonlocal received
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.writer.write(head(200, "a/b", Transfer_Encoding="chunked") + chunk(b"begun"))
        while received < len(body):
            received += len(await peer.reader.read(100_000))
        peer.writer.write(chunk(b"ended") + chunk(b""))

    async with listening(answer) as upstream:
        async with asyncio.timeout(SOON):
            response = await post(client, upstream, body)
            assert await response.read_some() == b"begun"
            assert await response.read_all() == b"ended"
    assert received == len(body)


async def test_a_peer_that_breaks_off_in_the_body(client: Client) -> None:
    """A connection that is reset while the body is sent is a 502, without a second try."""

    async def answer(peer: Plain) -> None:
        await peer.reader.readexactly(100_000)
        peer.reset()

    async with listening(answer) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await exchange(client, upstream, b"x" * 20 * MEGABYTE)
        assert upstream.connections == 1
    assert (caught.value.code, caught.value.retryable) == ("connection_lost", True)


async def test_silence_is_counted_while_somebody_waits(client: Client) -> None:
    """A reader that takes its time does not run into the limit for the peer's silence."""

    async def answer(peer: Plain) -> None:
        await peer.request()
        peer.writer.write(head(200, "a/b", Transfer_Encoding="chunked") + chunk(b"one"))
        await go.wait()
        peer.writer.write(chunk(b"two") + chunk(b""))

    go = asyncio.Event()
    async with listening(answer) as upstream:
        response = await post(client, upstream, limits=Limits(idle=0.5, deadline=None))
        assert await response.read_some() == b"one"
        go.set()
        await asyncio.sleep(0.7)
        assert await response.read_some() == b"two"
        assert await response.read_some() == b""


@pytest.mark.parametrize(
    ("limits", "ended"),
    [(Limits(), None), (Limits(first_byte=0.3), "first_byte"), (Limits(deadline=0.3), "deadline")],
    ids=["the caller", "first_byte", "deadline"],
)
async def test_dripping_headers(client: Client, limits: Limits, ended: str | None) -> None:
    """Headers that drip for ever end with the caller's time, or a limit, and take the connection.

    Each line that comes is a sign of life, and still none gives the peer more time.
    """

    async def answer(peer: Plain) -> None:
        await peer.request()
        peer.writer.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while True:
                peer.writer.write(b"X: 1\r\n")
                await peer.writer.drain()
                await asyncio.sleep(0.02)
        finally:
            left.set()

    left = asyncio.Event()
    async with listening(answer) as upstream:
        frame = TimeFrame.starting_now(limits)
        with pytest.raises(TimeoutError if ended is None else DeadlineExceeded) as caught:
            async with asyncio.timeout(0.3 if ended is None else SOON):
                await client.post(f"{upstream.url}/x", "", b"{}", frame)
        await asyncio.wait_for(left.wait(), SOON)
    assert getattr(caught.value, "detail", None) == ended


@pytest.mark.parametrize(
    ("limits", "ended"),
    [(Limits(first_byte=0.2), "first_byte"), (Limits(deadline=0.2), "deadline")],
    ids=["first_byte", "deadline"],
)
async def test_a_head_that_does_not_come(client: Client, limits: Limits, ended: str) -> None:
    """The wait for it ends with the earlier of two limits, which the log tells, and nobody listens.

    That holds for a connection that has answered before, under longer limits.
    """

    async def answer(peer: Plain) -> None:
        await peer.request()
        peer.writer.write(head(200, "a/b", Content_Length="0"))
        await peer.request()
        await peer.gone()
        left.set()

    left = asyncio.Event()
    async with listening(answer) as upstream:
        assert await exchange(client, upstream) == b""
        frame = TimeFrame.starting_now(limits)
        with pytest.raises(DeadlineExceeded) as caught:
            await client.post(f"{upstream.url}/x", "", b"{}", frame)
        await asyncio.wait_for(left.wait(), SOON)
    assert caught.value.detail == ended


async def test_time_for_a_head_begins_anew(client: Client) -> None:
    """Every request on a connection has its own time: an earlier one's end says nothing of it."""

    async def script(call: Call) -> None:
        await asyncio.sleep(0.4)
        await call.answer()

    async with serve(script) as upstream:
        for _ in range(3):
            assert await exchange(client, upstream, limits=Limits(first_byte=1.0)) == b"{}"
    assert upstream.connections == 1


@pytest.mark.parametrize(
    ("limits", "after"), [(Limits(idle=0.2, deadline=None), None), (Limits(deadline=0.2), 0.2)]
)
async def test_a_silent_body(client: Client, limits: Limits, after: float | None) -> None:
    """Silence ends it by one of two limits, and the log says by which."""

    async def answer(peer: Plain) -> None:
        await peer.request()
        peer.writer.write(head(200, "a/b", Content_Length="10") + b"begun")
        await peer.gone()
        left.set()

    left = asyncio.Event()
    async with listening(answer) as upstream:
        now = asyncio.get_running_loop().time()
        response = await post(
            client, upstream, limits=limits, ends_at=None if after is None else now + after
        )
        assert await response.read_some() == b"begun"
        with pytest.raises(DeadlineExceeded) as caught:
            await response.read_some()
        await asyncio.wait_for(left.wait(), SOON)
    assert caught.value.detail == ("idle" if after is None else "deadline")


@pytest.mark.parametrize(
    "value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rb", "a\0b"], ids=["CRLF", "LF", "CR", "NUL"]
)
async def test_hostile_headers_are_never_sent(client: Client, value: str) -> None:
    """A header that would become two stops the request before a byte of it is sent (B4)."""

    async def answer(peer: Plain) -> None:
        heard.append(await peer.reader.read(1000))

    heard: list[bytes] = []
    async with listening(answer) as upstream:
        for headers in ({"X-A": value}, {value: "a"}):
            with pytest.raises(ValueError, match=r"."):
                await exchange(client, upstream, headers=headers)
        await eventually(lambda: not any(heard))


async def test_answers_side_by_side_never_mix(client: Client) -> None:
    """Whatever connections bring by turns, each answer has its own bytes."""

    async def script(call: Call) -> None:
        await call.send(head(200, "a/b", Content_Length=str(50 * len(call.body))))
        for _ in range(50):
            await call.send(call.body)
            await asyncio.sleep(0)

    async with serve(script) as upstream:
        bodies = [bytes([65 + number]) * 1000 for number in range(16)]
        answers = await asyncio.gather(*(exchange(client, upstream, body) for body in bodies))
    assert answers == [body * 50 for body in bodies]
