"""What is left of a connection that has ended: nothing, and nothing for the collector."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from proxy.http_cycle import Cycle
from proxy.http_protocol import BoundedHttpProtocol
from tests.proxy.raw import listening

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Have nothing found that is only held by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def _answer(_scope: Scope, receive: Receive, send: Send) -> None:
    """Read all there is, then say "hello"."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message.get("more_body"):
            break
    cycle = getattr(send, "__self__", None)
    assert isinstance(cycle, Cycle)
    cycle.answer(200, {"content-length": "5"}, b"hello")


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (GET, b"hello"),
        (GET + GET, b"hello"),
        (GET + GET[:9], b"hello"),
        (GET + POST + b"half", b"hello"),
        (GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"hello"),
        (b"no HTTP\r\n\r\n", b"}}"),
    ],
    ids=["one", "two", "a head", "a body", "last", "refused"],
)
async def test_a_connection_that_has_ended_is_gone(said: bytes, answered: bytes) -> None:
    """Whatever it was used for, when its client leaves."""
    async with listening(_answer) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        connections = await _connections()
        writer.write(said)
        await reader.readuntil(answered)
        writer.close()
        await _gone(connections)


@pytest.mark.usefixtures("no_collector")
async def test_those_whose_turn_never_came_are_gone_too() -> None:
    """With the answer that they waited for, whose end is the server's."""
    begun = asyncio.Event()

    async def wait(_scope: Scope, receive: Receive, _send: Send) -> None:
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with listening(wait) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + GET + GET)
        connections = await _connections()
        await asyncio.wait_for(begun.wait(), 5)
    writer.close()
    await _gone(connections)


async def _connections() -> list[weakref.ref[BoundedHttpProtocol]]:
    """Give the server's connections, once there is one."""
    async with asyncio.timeout(5):
        while True:
            found = [each for each in gc.get_objects() if isinstance(each, BoundedHttpProtocol)]
            if found:
                return [weakref.ref(each) for each in found]
            await asyncio.sleep(0.001)


async def _gone(connections: list[weakref.ref[BoundedHttpProtocol]]) -> None:
    """Wait until all of them are."""
    async with asyncio.timeout(5):
        while any(each() is not None for each in connections):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
