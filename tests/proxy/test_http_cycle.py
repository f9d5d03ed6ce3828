"""A request's own connection: answers in one write, bodies at once, and news of its leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from proxy.http_cycle import Cycle
from tests.proxy.raw import everything, listening, statuses

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def cycle_of(send: Send) -> Cycle:
    """Give the server's own, as whoever stands in no other's way finds it."""
    return cast("Cycle", getattr(send, "__self__", None))


def answering(**headers: str) -> ASGIApp:
    """Give what answers "hello" at once, with these headers beside its length."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        cycle_of(send).answer(200, {"content-length": "5", **named}, b"hello")

    return answer


async def reply(app: ASGIApp, *requests: bytes) -> bytes:
    """Send requests in one piece; give everything until the server closes."""
    async with listening(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(requests))
        answered = await everything(reader)
        writer.close()
    return answered


async def test_a_connection_goes_on_after_an_answer_in_one_write() -> None:
    """Requests behind it are answered, until one says that it is the last."""
    answered = await reply(answering(x_a="b"), GET, GET, LAST)
    assert statuses(answered) == [200, 200, 200]
    assert answered.count(b"x-a: b\r\n") == 3
    assert answered.count(b"connection: close\r\n") == 1
    assert answered.endswith(b"\r\n\r\nhello")


async def test_an_answer_may_close_the_connection() -> None:
    """As all do once the process is on its way out; it is said once."""
    answered = await reply(answering(connection="close"), GET)
    assert answered.count(b"connection: close\r\n") == 1


async def test_an_old_client_is_told_that_the_connection_ends() -> None:
    """HTTP/1.0 keeps none."""
    answered = await reply(answering(), b"GET / HTTP/1.0\r\n\r\n")
    assert b"connection: close\r\n" in answered


async def test_a_head_has_no_body() -> None:
    """It tells the length that a body would have."""
    answered = await reply(answering(), LAST.replace(b"GET", b"HEAD"))
    assert b"content-length: 5\r\n" in answered
    assert answered.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("value", ["a\r\nx-b: c", "a\nb", "a\rb", "a\x00b", "a\x7fb"])
async def test_no_header_ends_a_line_of_its_own(value: str) -> None:
    """Nothing of it is sent: the answer is the server's own word for a fault."""
    answered = await reply(answering(x_a=value), LAST)
    assert statuses(answered) == [500]
    assert b"x-a" not in answered
    assert b"x-b" not in answered


async def test_a_client_that_has_left_is_told_of_at_once_and_later() -> None:
    """Whoever begins to watch too late hears of it too, and never within the call."""
    left = asyncio.Event()
    told: list[str] = []

    async def watch(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        cycle = cycle_of(send)
        cycle.watch(left.set)
        asked.set()
        await left.wait()
        again = asyncio.Event()
        cycle.watch(_first(told, again.set))
        told.append("watched")
        await again.wait()
        cycle.watch(_first(told, again.clear))
        cycle.unwatch()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert cycle.whole_body() is None
        cycle.answer(200, {"content-length": "0"}, b"")
        done.set()

    asked, done = asyncio.Event(), asyncio.Event()
    async with listening(watch) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asked.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        await asyncio.wait_for(done.wait(), 5)
    assert told == ["watched", "told"]


def _first(told: list[str], then: Callable[[], object]) -> Callable[[], object]:
    def tell() -> None:
        told.append("told")
        then()

    return tell


async def test_a_body_is_taken_once_and_only_when_all_of_it_is_there() -> None:
    """Before that, and by whoever comes after, it is read as ASGI has it."""
    bodies: list[bytes | None] = []

    async def take(scope: Scope, receive: Receive, send: Send) -> None:
        cycle = cycle_of(send)
        bodies.append(cycle.whole_body())
        if bodies[-1] is None:
            asked.set()
            while cycle.more_body:
                await cycle.message_event.wait()
                cycle.message_event.clear()
            bodies.append(cycle.whole_body())
        await PlainTextResponse("")(scope, receive, send)

    asked = asyncio.Event()
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    async with listening(take) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post + b"once")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(post + b"tw")
        await asked.wait()
        writer.write(b"o!")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert bodies == [b"once", None, b"two!"]


async def test_parts_are_written_as_they_would_be_sent() -> None:
    """At once and in chunks, until the answer has ended: then nobody may write any more."""
    wrote: list[bool] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        cycle = cycle_of(send)
        wrote.append(cycle.write_part(b"too early"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        wrote.append(cycle.write_part(b"one two three, four"))
        await send({"type": "http.response.body", "body": b"five", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        wrote.append(cycle.write_part(b"too late"))

    answered = await reply(answer, LAST)
    assert wrote == [False, True, False]
    assert answered.endswith(b"\r\n\r\n13\r\none two three, four\r\n4\r\nfive\r\n0\r\n\r\n")


async def test_a_part_waits_for_a_client_that_does_not_read() -> None:
    """What the connection no longer takes is refused, so that whoever writes waits."""
    written = asyncio.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        cycle = cycle_of(send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while cycle.write_part(bytes(2**16)):
            pass
        written.set()
        await send({"type": "http.response.body", "body": b"last", "more_body": False})

    async with listening(answer) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**10)
        writer.write(LAST)
        await asyncio.wait_for(written.wait(), 10)
        answered = await everything(reader)
        writer.close()
    assert answered.endswith(b"4\r\nlast\r\n0\r\n\r\n")


async def _raise(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ValueError("a fault")


async def _start_and_raise(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError("a fault")


async def _say_nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Neither a head nor a body."""


async def _start_only(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize(
    ("app", "status"),
    [(_raise, 500), (_say_nothing, 500), (_start_and_raise, 200), (_start_only, 200)],
)
async def test_an_answer_that_nobody_ends_ends_with_its_connection(
    app: ASGIApp, status: int
) -> None:
    """What has begun never looks complete; what has not is a 500. Nothing comes behind it."""
    answered = await reply(app, GET, GET)
    assert statuses(answered) == [status]
    assert not answered.endswith(b"0\r\n\r\n")


async def test_a_body_that_comes_behind_its_answer_is_nobodys() -> None:
    """The connection goes on with the request behind it."""
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    async with listening(answering()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post)
        await reader.readuntil(b"hello")
        writer.write(b"late" + LAST)
        answered = await everything(reader)
        writer.close()
    assert statuses(answered) == [200]
