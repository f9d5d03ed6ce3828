"""Clients that leave, do not read, or wait: what the response does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.types import Message, Scope

from adapters.base import Json
from adapters.errors import EndpointCold
from proxy.auth.peers import Peers
from proxy.held_stream import HeldStream
from proxy.incoming import ClientGone, Incoming
from proxy.leaving import until_gone, until_held
from proxy.routing.call import Call
from proxy.sse import ChunkResponse

CHUNK: Json = {"choices": []}
SCOPE: Scope = {"type": "http", "method": "GET", "headers": []}


class Source:
    """Chunks that come when the test says so."""

    def __init__(self, *steps: list[Json] | Exception | asyncio.Event) -> None:
        self._steps = steps
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[list[Json]]:
        for step in self._steps:
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, Exception):
                raise step
            else:
                yield step

    async def aclose(self) -> None:
        self.closed += 1


class Client:
    """The other end of an ASGI connection."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.bodies: list[bytes] = []
        self.ended = False
        self.got = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.body":
            self.bodies.append(message["body"])
            self.ended = not message["more_body"]
            self.got.set()


def respond(
    source: Source, client: Client, *, held: bool = False, **times: float
) -> asyncio.Task[None]:
    response = ChunkResponse(source, {}, held=held, **times)
    return asyncio.ensure_future(response(SCOPE, client.receive, client.send))


async def test_a_client_that_leaves_ends_the_stream() -> None:
    """The source is closed as soon as the client is gone, and nothing more is sent."""
    client, never = Client(), asyncio.Event()
    source = Source([CHUNK], never)
    task = respond(source, client)
    await client.got.wait()
    client.left.set()
    await asyncio.wait_for(task, 5)
    assert source.closed == 1
    assert not client.ended


async def test_a_client_that_does_not_read_is_left_after_a_while() -> None:
    """A write that nobody takes ends, and with it the upstream call."""
    client = Client()
    client.reads.clear()
    source = Source([CHUNK], [CHUNK])
    task = respond(source, client, send_seconds=0.05, ping_seconds=10)
    await asyncio.wait_for(task, 5)
    assert source.closed == 1
    assert client.bodies == []


async def test_a_client_that_stops_reading_is_left_during_silence_too() -> None:
    """A comment that nobody takes is a write that nobody takes."""
    client = Client()
    source = Source([CHUNK], asyncio.Event())
    task = respond(source, client, send_seconds=0.05, ping_seconds=0.05)
    await client.got.wait()
    client.reads.clear()
    await asyncio.wait_for(task, 5)
    assert source.closed == 1


async def test_a_broken_connection_is_not_silence() -> None:
    """A fault of the server's side of the connection ends the response as a fault."""

    async def broken() -> Message:
        raise ZeroDivisionError

    source = Source([CHUNK], asyncio.Event())
    with pytest.raises(ZeroDivisionError):
        await ChunkResponse(source, {})(SCOPE, broken, Client().send)
    assert source.closed == 1


async def test_silence_is_filled_with_comments() -> None:
    """While nothing comes from upstream, comments keep the connection alive; clients skip them."""
    client, more = Client(), asyncio.Event()
    task = respond(Source([CHUNK], more, [CHUNK]), client, ping_seconds=0.02)
    while b": ping\n\n" not in client.bodies:
        client.got.clear()
        await asyncio.wait_for(client.got.wait(), 5)
    more.set()
    await asyncio.wait_for(task, 5)
    assert client.bodies[-2:] == [b"data: [DONE]\n\n", b""]
    assert client.ended


async def test_a_response_that_is_cancelled_closes_its_source() -> None:
    """A server that shuts down leaves no upstream call behind."""
    client = Client()
    source = Source([CHUNK], asyncio.Event())
    task = respond(source, client)
    await client.got.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed == 1


def request_for(client: Client) -> Incoming:
    """Give a request of a client's, as a server has it that is not ours."""
    gateway: Any = SimpleNamespace(peers=Peers(), max_body_bytes=1_000)
    return Incoming(SCOPE, client.receive, gateway, cast("Any", None))


async def settled() -> bool:
    """Whether nothing is left behind, once what was told to end has ended."""
    await asyncio.sleep(0)
    return asyncio.all_tasks() == {asyncio.current_task()}


async def test_work_is_cancelled_when_the_client_leaves() -> None:
    """A client that leaves before its answer is there cancels the call to SageMaker."""
    client, started, cancelled = Client(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.ensure_future(until_gone(request_for(client), work()))
    await started.wait()
    client.left.set()
    with pytest.raises(ClientGone):
        await asyncio.wait_for(waiting, 5)
    assert cancelled.is_set()


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_gone() -> None:
    """Half a body is nobody's fault but the client's: no error of ours, nothing to answer."""
    client = Client()
    client.left.set()
    with pytest.raises(ClientGone):
        await request_for(client).body()


@pytest.mark.parametrize("failure", [None, ZeroDivisionError()])
async def test_work_that_ends_first_gives_its_result(failure: Exception | None) -> None:
    """Results and failures of the work pass through."""

    async def work() -> Any:
        if failure is not None:
            raise failure
        return "done"

    if failure is None:
        assert await until_gone(request_for(Client()), work()) == "done"
        return
    with pytest.raises(ZeroDivisionError):
        await until_gone(request_for(Client()), work())


async def test_a_held_stream_begins_with_comments() -> None:
    """While an endpoint starts comments say so, the first at once; later ones are plain again."""
    client, never = Client(), asyncio.Event()
    starts = asyncio.Event()

    async def coming() -> Source:
        await starts.wait()
        return Source([CHUNK], never)

    source = HeldStream(asyncio.ensure_future(coming()))
    response = ChunkResponse(source, {}, held=True, ping_seconds=0.01)
    task = asyncio.ensure_future(response(SCOPE, client.receive, client.send))
    waiting = b": waiting for the endpoint to start\n\n"
    while client.bodies.count(waiting) < 3:
        await client.got.wait()
        client.got.clear()
    assert set(client.bodies) == {waiting}
    starts.set()
    while b": ping\n\n" not in client.bodies:
        await client.got.wait()
        client.got.clear()
    client.left.set()
    await task


@pytest.mark.parametrize("come", [False, True])
async def test_leaving_a_held_stream_gives_it_up(come: bool) -> None:
    """A client that leaves ends the wait, or closes the stream that came of it in between."""
    stream, never = Source([CHUNK], asyncio.Event()), asyncio.Event()

    async def coming() -> Source:
        if not come:
            await never.wait()
        return stream

    work = asyncio.ensure_future(coming())
    await asyncio.sleep(0)
    held = HeldStream(work)
    await held.aclose()
    assert work.cancelled() is not come
    assert bool(stream.closed) is come


async def test_a_held_stream_that_fails() -> None:
    """What comes of the wait in vain is the stream's last event, and there is no end mark."""
    client = Client()

    async def coming() -> Source:
        raise EndpointCold("It did not start.", code="no_capacity")

    response = ChunkResponse(HeldStream(asyncio.ensure_future(coming())), {}, held=True)
    await response(SCOPE, client.receive, client.send)
    *_, last, end = client.bodies
    assert b'"code":"no_capacity"' in last
    assert end == b""


@pytest.mark.parametrize("holds", [False, True])
async def test_a_stream_whose_request_is_cut_as_it_comes_is_closed(holds: bool) -> None:
    """At the end of the process requests are cut at any point: nobody else would close it."""
    source = Source([CHUNK])
    call = Call(id="c1", task="chat", model="m", caller="me", stream=True)

    async def work() -> Source:
        request.cancel()
        if holds and call.holding is not None:
            call.holding.set_result(None)
            await asyncio.sleep(0)
        return source

    async def read() -> None:
        await until_held(request_for(Client()), call, work())

    request = asyncio.ensure_future(read())
    with pytest.raises(asyncio.CancelledError):
        await request
    assert source.closed == (0 if holds else 1)
    assert await settled()


async def test_leaving_and_a_cut_at_once_is_a_cut() -> None:
    """Who is cancelled from outside says so, whatever the client does in the same moment."""
    client = Client()
    source = Source([CHUNK], asyncio.Event())
    task = respond(source, client)
    await client.got.wait()
    client.left.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed == 1


async def test_leaving_while_the_source_is_closed_changes_nothing() -> None:
    """A stream that has ended well has ended well, although its client leaves then."""
    client, closing, closed = Client(), asyncio.Event(), asyncio.Event()

    class Slow(Source):
        async def aclose(self) -> None:
            closing.set()
            await closed.wait()
            await super().aclose()

    source = Slow([CHUNK])
    task = respond(source, client)
    await closing.wait()
    client.left.set()
    closed.set()
    await task
    assert source.closed == 1
    assert client.ended
