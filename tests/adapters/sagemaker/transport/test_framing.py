"""Where an answer ends, and what is no answer: whichever way it is cut, and wherever it breaks."""

import asyncio

import pytest

from adapters.errors import GatewayError, MalformedReply, UpstreamError
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.transport import MAX_BODY_BYTES, Client
from tests.adapters.sagemaker.transport.contract import SOON, exchange, post, raw
from tests.adapters.sagemaker.transport.plain_server import Plain, listening
from tests.adapters.sagemaker.upstream import Call, chunk, head, serve

JSON = "application/json"
BODY = bytes(range(256)) * 3
ANSWERS = {
    "sized": head(200, JSON, Content_Length=str(len(BODY))) + BODY,
    "chunked": head(200, JSON, Transfer_Encoding="chunked")
    + b"".join(chunk(BODY[at : at + 100]) for at in range(0, len(BODY), 100))
    + chunk(b""),
    "with extensions and trailers": head(200, JSON, Transfer_Encoding="Chunked")
    + b"%x;name=value\r\n%b\r\n" % (len(BODY), BODY)
    + b"0\r\nX-Checksum: 1\r\nContent-Type: text/html\r\n\r\n",
    "after interim answers": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\n\r\n"
    + head(200, JSON, Content_Length=str(len(BODY)))
    + BODY,
}
#: How their ends are told; the third way is the connection's end.
UNTIL_CLOSE = head(200, JSON) + BODY


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_answers_that_drip(client: Client, answer: bytes) -> None:
    """An answer is the same in one packet and in one for each byte, and the next one is too."""

    async def script(call: Call) -> None:
        if len(upstream.calls) == 2:
            await call.send(answer)
            return
        for at in range(len(answer)):
            call.writer.write(answer[at : at + 1])
            await asyncio.sleep(0)

    async with serve(script) as upstream:
        for _ in range(3):
            response = await post(client, upstream)
            assert response.status == 200
            assert response.headers.get("content-type") == JSON
            assert await response.read_all() == BODY
            assert await response.read_some() == b""
    assert upstream.connections == 1


async def test_a_body_up_to_the_connections_end(client: Client) -> None:
    """Without a length the end of the connection is the end of the answer; it serves once."""
    async with serve(raw(UNTIL_CLOSE, then_close=True)) as upstream:
        for _ in range(2):
            assert await exchange(client, upstream) == BODY
    assert upstream.connections == 2


async def test_a_reset_is_no_end(direct: DirectClient) -> None:
    """A body without a length whose connection is reset has broken off; aiohttp takes it as whole.

    AWS tells all lengths, and so do the containers behind a base URL.
    """

    async def script(call: Call) -> None:
        await call.send(UNTIL_CLOSE)
        await seen.wait()
        call.reset()

    seen = asyncio.Event()
    async with serve(script) as upstream:
        response = await post(direct, upstream)
        assert await response.read_some()
        seen.set()
        with pytest.raises(UpstreamError):
            await response.read_all()


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body(client: Client, status: int) -> None:
    """These have none, whatever their heads say."""
    async with serve(raw(f"HTTP/1.1 {status} X\r\n\r\n".encode())) as upstream:
        for _ in range(2):
            response = await post(client, upstream)
            assert response.status == status
            assert await response.read_all() == b""
    assert upstream.connections == 1


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_answers_that_break_off(client: Client, answer: bytes, way: str) -> None:
    """Wherever it breaks, half an answer is an error: 502, and another deployment may help (F3)."""

    async def script(call: Call) -> None:
        await call.send(answer[: int(call.body)])
        if way == "reset":
            call.reset()
        else:
            call.writer.close()

    async with serve(script) as upstream:
        for cut in (*range(0, len(answer) - 1, 41), len(answer) - 1):
            with pytest.raises(UpstreamError) as caught:
                await exchange(client, upstream, b"%d" % cut)
            error = caught.value
            assert (error.status, error.code, error.retryable) == (502, "connection_lost", True)
        assert len(upstream.calls) == upstream.connections


async def test_a_reset_in_place_of_a_welcome(client: Client) -> None:
    """A peer that resets each connection as soon as it is made is a 502; nobody tries for ever."""

    async def answer(peer: Plain) -> None:
        peer.reset()

    async with listening(answer) as upstream:
        for number in range(1, 4):
            with pytest.raises(UpstreamError) as caught:
                await asyncio.wait_for(exchange(client, upstream), SOON)
            assert (caught.value.status, caught.value.retryable) == (502, True)
            assert caught.value.code in {"connection_failed", "connection_lost"}
            assert upstream.connections == number


@pytest.mark.parametrize(
    "length", [b"-1", b"+2", b"0x2", b"2, 2", b"two", b"2\r\nContent-Length: 3"]
)
async def test_lengths_that_are_none(client: Client, length: bytes) -> None:
    """Two readers could disagree about such an answer's end: it is refused."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n{}"
    async with serve(raw(answer)) as upstream:
        with pytest.raises(MalformedReply, match="not HTTP"):
            await exchange(client, upstream)


async def test_a_length_and_chunks(client: Client) -> None:
    """An answer that tells its end in two ways is refused: it may be two answers to others."""
    both = head(200, JSON, Content_Length="2", Transfer_Encoding="chunked")
    async with serve(raw(both + chunk(b"{}") + chunk(b""))) as upstream:
        with pytest.raises(MalformedReply, match="not HTTP"):
            await exchange(client, upstream)


async def test_a_length_that_is_too_large(client: Client) -> None:
    """A peer that closes before the length that it told has broken off."""
    async with serve(raw(head(200, JSON, Content_Length="3") + b"{}", then_close=True)) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await exchange(client, upstream)
    assert caught.value.code == "connection_lost"


@pytest.mark.parametrize(
    "damage",
    [b"zz\r\n", b"-2\r\n{}\r\n", b"2\r\n{}X\r\n", b"ffffffffffffffff0\r\n"],
)
async def test_damaged_chunks(client: Client, damage: bytes) -> None:
    """What comes before them is given; they break the connection."""
    seen = asyncio.Event()

    async def script(call: Call) -> None:
        await call.send(head(200, JSON, Transfer_Encoding="chunked") + chunk(b"[1]"))
        await seen.wait()
        await call.send(damage)
        await call.gone()

    async with serve(script) as upstream:
        response = await post(client, upstream)
        assert await response.read_some() == b"[1]"
        seen.set()
        if damage.endswith(b"{}X\r\n"):
            assert await response.read_some() == b"{}"
        with pytest.raises(UpstreamError) as caught:
            await asyncio.wait_for(response.read_some(), SOON)
    assert (caught.value.code, caught.value.retryable) == ("connection_lost", True)


HEADS = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "no status": b"HTTP/1.1 abc OK\r\n\r\n",
    "one long line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "one endless line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "an endless name": b"HTTP/1.1 200 OK\r\n" + b"x" * 100_000,
    "many lines": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 10_000 + b"\r\n",
    "a NUL": b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
    "a space in a name": b"HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n",
}


@pytest.mark.parametrize("data", HEADS.values(), ids=HEADS)
async def test_heads_that_are_none(client: Client, data: bytes) -> None:
    """They are refused within their bounds; nothing of what they say is told (G12)."""
    async with serve(raw(data)) as upstream:
        with pytest.raises(GatewayError) as caught:
            await asyncio.wait_for(exchange(client, upstream), 10)
    assert type(caught.value) is MalformedReply
    assert caught.value.message == "The endpoint's answer is not HTTP."
    assert "OpenSSH" not in str(caught.value.detail)


async def test_another_protocol(direct: DirectClient) -> None:
    """A peer that goes over to another protocol was not asked to; aiohttp gives the status 101."""
    for more in (b"", b"Connection: upgrade\r\nUpgrade: x\r\n"):
        async with serve(raw(b"HTTP/1.1 101 Switching\r\n" + more + b"\r\n")) as upstream:
            with pytest.raises(MalformedReply, match="not HTTP"):
                await exchange(direct, upstream)


async def test_control_characters(client: Client) -> None:
    """A header's value with a control character refuses the answer, or is none that we hand on."""
    async with serve(raw(head(200, JSON, Content_Length="2", X_A="a\x7fb") + b"{}")) as upstream:
        try:
            response = await post(client, upstream)
        except MalformedReply:
            return
        assert response.headers["x-a"] == "a\x7fb"
        assert await response.read_all() == b"{}"


async def test_endless_interim_answers(direct: DirectClient) -> None:
    """Somebody who only ever says that an answer will come is refused; aiohttp listens for ever."""

    async def script(call: Call) -> None:
        while True:
            await call.send(b"HTTP/1.1 102 Processing\r\n\r\n")

    async with serve(script) as upstream:
        with pytest.raises(MalformedReply, match="not HTTP"):
            await asyncio.wait_for(exchange(direct, upstream), 10)


async def test_other_codings(direct: DirectClient) -> None:
    """Whatever else was done to a body than chunks was not asked for: it is refused."""
    for coding in ("gzip", "gzip, chunked", "identity", "chunked, gzip"):
        async with serve(
            raw(head(200, JSON, Transfer_Encoding=coding) + b"2\r\n{}\r\n")
        ) as upstream:
            with pytest.raises(MalformedReply, match="not HTTP"):
                await exchange(direct, upstream)


async def test_the_first_header_counts(client: Client) -> None:
    """Of two headers of one name the first one is the answer's; names compare without case."""
    lines = b"X-One: first\r\nx-one: second\r\nX-EMPTY:\r\n"
    answer = b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n"
    async with serve(raw(answer)) as upstream:
        response = await post(client, upstream)
        assert response.headers["x-one"] == "first"
        assert response.headers.get("x-empty") == ""
        assert response.headers.get("x-none") is None
        assert await response.read_all() == b""


@pytest.mark.parametrize("sized", [True, False])
async def test_bodies_beyond_a_bound(client: Client, sized: bool) -> None:
    """More than the reader wants is refused, and the connection goes."""
    left = asyncio.Event()
    how = {"Content_Length": str(2 * MAX_BODY_BYTES)} if sized else {"Transfer_Encoding": "chunked"}

    async def script(call: Call) -> None:
        await call.send(head(200, JSON, **how))
        try:
            while True:
                await call.send(b"x" * 4096 if sized else chunk(b"x" * 4096))
        except ConnectionError:
            left.set()

    async with serve(script) as upstream:
        response = await post(client, upstream)
        with pytest.raises(MalformedReply, match="too large"):
            await response.read_all(100_000)
        await asyncio.wait_for(left.wait(), 10)
