"""Who is slow, or one too many, is sent away; who is not, is not (cases E2, E3 and E4)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import orjson
import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from proxy.http_bounds import BODY_RATE, Bounds, connections_by_default
from tests.proxy.raw import PATIENCE, everything, listening, reply_to, statuses

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"
WHOLE = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SHORT = Bounds(headers=0.3, body=0.3, write=0.3)


async def drip(port: int, *first: bytes, drop: bytes) -> bytes:
    """Send something, then drop after drop, until the server has had enough; give its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        with suppress(ConnectionError):
            writer.writelines(first)
            while True:
                writer.write(drop)
                await writer.drain()
                await asyncio.sleep(0.02)

    sending = asyncio.create_task(send())
    reply = await everything(reader)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.close()
    return reply


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"\r\n"),
        (b"", b"G"),
        (HEAD, b"x: a\r\n"),
        (HEAD + b"x: ", b"a"),
        (HEAD + b"Content-Length: 5000\r\n\r\n", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nx: ", b"a"),
        (WHOLE.replace(b"Connection: close\r\n", b""), b"\r\n"),
    ],
    ids=lambda part: repr(part[-24:]),
)
async def test_e02_drop_by_drop(first: bytes, drop: bytes) -> None:
    """However a request is stretched, it ends with a 408; others are served meanwhile (E2)."""
    async with listening(bounds=SHORT) as port:
        slow = asyncio.create_task(drip(port, first, drop=drop))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE)
        assert statuses(await everything(reader)) == [200]
        writer.close()
        reply = await asyncio.wait_for(slow, PATIENCE)
    answers = statuses(reply)
    assert answers in ([408], [200, 408], [400], [])  # [400]: the dripped "GGG" is no method
    if answers[-1:] == [408]:
        error = orjson.loads(reply.rpartition(b"\r\n\r\n")[2])["error"]
        assert (error["type"], error["code"]) == ("timeout_error", "request_timeout")


async def test_e02_silence_is_closed_without_a_word() -> None:
    """Who says nothing gets nothing (E2, E4)."""
    assert await reply_to(bounds=SHORT) == b""


async def test_e02_an_unused_connection_is_closed_and_a_used_one_is_not() -> None:
    """The time of an unused connection begins anew with each answer, however long one takes."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(float(scope["query_string"]))
        await PlainTextResponse("done")(scope, receive, send)

    async with listening(slow, keepalive=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for seconds in (b"0", b"1.3", b"0"):
            writer.write(b"GET /x?%b HTTP/1.1\r\nHost: a\r\n\r\n" % seconds)
            answer = await asyncio.wait_for(reader.readuntil(b"done"), PATIENCE)
            assert statuses(answer) == [200]
        assert await everything(reader) == b""
        writer.close()


async def test_e02_a_body_that_comes_at_a_fair_rate_has_its_time() -> None:
    """A large body may take longer than the time of a small one (E2)."""
    bounds = Bounds(body=0.2)
    part = b"a" * (BODY_RATE // 4)
    head = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % (8 * len(part))
    async with listening(bounds=bounds) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        for _ in range(8):
            writer.write(part)
            await asyncio.sleep(0.1)
        assert statuses(await everything(reader)) == [200]
        writer.close()


async def test_e02_our_own_slowness_is_not_the_client_s() -> None:
    """While the gateway works on a request its connection has no time limit of this kind (E2)."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.5)
        await PlainTextResponse("fine")(scope, receive, send)

    async with listening(slow, SHORT) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = HEAD + b"Connection: close\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000
        writer.write(body)
        assert statuses(await everything(reader)) == [200]
        writer.close()


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
async def test_e03_who_does_not_read_is_cut_off(close: bytes) -> None:
    """An answer that nobody takes is not kept for ever, also behind the answer's end (E3)."""
    done = asyncio.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"a" * 20_000_000)(scope, receive, send)
        done.set()

    async with listening(large, SHORT) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\n" + close + b"\r\n")
        await asyncio.wait_for(done.wait(), PATIENCE)
        await asyncio.sleep(0.8)  # longer than a client may take nothing
        received = b""
        with suppress(ConnectionError):
            while part := await asyncio.wait_for(reader.read(1 << 20), PATIENCE):
                received += part
        assert len(received) < 20_000_000
        writer.close()


async def test_e04_connections_beyond_the_cap() -> None:
    """One too many gets a 503 at once, others go on, and a place is given again (E4)."""
    async with listening(bounds=Bounds(connections=2)) as port:
        first = await asyncio.open_connection("127.0.0.1", port)
        second = await asyncio.open_connection("127.0.0.1", port)
        second[1].write(WHOLE.replace(b"Connection: close\r\n", b""))
        assert await asyncio.wait_for(second[0].readuntil(b"}"), PATIENCE)

        third = await asyncio.open_connection("127.0.0.1", port)
        refusal = await everything(third[0])
        assert statuses(refusal) == [503]
        assert b"retry-after: 1\r\n" in refusal
        assert orjson.loads(refusal.partition(b"\r\n\r\n")[2])["error"]["code"] == (
            "too_many_connections"
        )

        first[1].write(WHOLE)
        assert statuses(await everything(first[0])) == [200]
        fourth = await asyncio.open_connection("127.0.0.1", port)
        fourth[1].write(WHOLE)
        assert statuses(await everything(fourth[0])) == [200]
        for _, writer in (first, second, third, fourth):
            writer.close()


def test_e04_the_cap_fits_the_process() -> None:
    """By default there are never more connections than the process can open files for (E4)."""
    assert 1 <= connections_by_default() <= 10_000
