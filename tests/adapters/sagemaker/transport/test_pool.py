"""How many connections there are, who waits for one, and where they lead."""

import asyncio
import socket
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.base import Limits
from adapters.errors import UpstreamError, UpstreamTimeout
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.header_lines import header_lines
from adapters.sagemaker.transport import Client, TimeFrame
from tests.adapters.sagemaker.transport.contract import (
    HEADERS,
    SOON,
    NewClient,
    eventually,
    exchange,
    post,
)
from tests.adapters.sagemaker.upstream import Call, Upstream, head, serve


class Turns:
    """A server that answers one request each time it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Semaphore(0)

    async def script(self, call: Call) -> None:
        await self.go.acquire()
        await call.answer(body=call.body)


async def started(client: Client, upstream: Upstream, number: int) -> asyncio.Task[bytes]:
    """Start a call that will have to wait, and let it come to that."""
    task = asyncio.create_task(exchange(client, upstream, b"%d" % number))
    await asyncio.sleep(0.01)
    return task


def upstream_was_asked(upstream: Upstream, times: int) -> bool:
    """Whether it has been, so often and no more."""
    return len(upstream.calls) == times


async def test_a_limit_and_a_fair_line(new_client: NewClient) -> None:
    """No more connections than allowed; who waits is served in the order of coming."""
    turns, ended = Turns(), []
    client = new_client(connections_per_host=2)
    async with serve(turns.script) as upstream:
        tasks = [await started(client, upstream, number) for number in range(8)]
        for task in tasks:
            task.add_done_callback(lambda done: ended.append(int(done.result())))
        for count in range(2, 8):
            await eventually(partial(upstream_was_asked, upstream, count))
            turns.go.release()
        await eventually(partial(upstream_was_asked, upstream, 8))
        turns.go.release()
        turns.go.release()
        async with asyncio.timeout(SOON):
            await asyncio.gather(*tasks)
        asked = [int(call.body) for call in upstream.calls]
        assert upstream.connections == 2
    # The first two go out over connections of their own, side by side.
    assert [*sorted(asked[:2]), *asked[2:]] == list(range(8))
    assert sorted(ended) == list(range(8))


async def test_who_leaves_the_line_takes_nothing_along(new_client: NewClient) -> None:
    """Places of those who were cancelled in line, in any moment, go to the next ones."""
    turns = Turns()
    client = new_client(connections_per_host=1)
    async with serve(turns.script) as upstream:
        for moment in range(6):
            upstream.calls.clear()
            first, leaving, last = [await started(client, upstream, n) for n in range(3)]
            turns.go.release()
            await eventually(lambda: bool(upstream.calls))
            for _ in range(moment):
                await asyncio.sleep(0)
            leaving.cancel()
            turns.go.release()
            turns.go.release()
            async with asyncio.timeout(SOON):
                assert await first == b"0"
                assert await last == b"2"
                await asyncio.wait({leaving})
            while not turns.go.locked():
                await turns.go.acquire()
            # Nothing is lost; who left may have been asked already, and take an answer.
            for _ in range(3):
                turns.go.release()
            assert await asyncio.wait_for(exchange(client, upstream), SOON) == b"{}"


async def test_a_broken_connections_place(new_client: NewClient) -> None:
    """The place of a connection that broke, or could not be made, goes to who waits."""
    client = new_client(connections_per_host=1)

    async def script(call: Call) -> None:
        if call.body == b"0":
            call.reset()
            raise ConnectionError
        await call.answer(body=call.body)

    async with serve(script) as upstream:
        tasks = [asyncio.create_task(exchange(client, upstream, b"%d" % n)) for n in range(3)]
        async with asyncio.timeout(SOON):
            results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], UpstreamError)
    assert results[1:] == [b"1", b"2"]


async def test_waiting_counts_as_connecting(new_client: NewClient) -> None:
    """Who gets no connection in time is told so: it is not the endpoint that is slow."""
    client = new_client(connections_per_host=1)
    turns = Turns()
    async with serve(turns.script) as upstream:
        first = await started(client, upstream, 0)
        with pytest.raises(UpstreamTimeout, match="not made in time"):
            await exchange(client, upstream, limits=Limits(connect=0.1))
        turns.go.release()
        assert await first == b"0"
        turns.go.release()
        assert await asyncio.wait_for(exchange(client, upstream), SOON) == b"{}"


async def test_a_stale_connection_within_a_limit(new_client: NewClient) -> None:
    """Its replacement takes its place, also where others are idle."""
    client = new_client(connections_per_host=2)

    async def script(call: Call) -> None:
        if len(upstream.calls) == 3:
            call.writer.close()
            raise ConnectionError
        await call.answer(body=call.body)

    async with serve(script) as upstream:
        await asyncio.gather(exchange(client, upstream), exchange(client, upstream))
        assert await asyncio.wait_for(exchange(client, upstream), SOON) == b"{}"
        assert await asyncio.wait_for(exchange(client, upstream), SOON) == b"{}"
    assert upstream.connections <= 4


async def test_hosts_have_connections_of_their_own(new_client: NewClient) -> None:
    """A limit is each host's and port's; what one of them does is not the other's matter."""
    client = new_client(connections_per_host=1)
    turns = Turns()
    async with serve(turns.script) as busy, serve(Call.answer) as free:
        waiting = await started(client, busy, 0)
        assert await asyncio.wait_for(exchange(client, free), SOON) == b"{}"
        turns.go.release()
        await waiting


async def test_the_gateways_calls_while_it_closes() -> None:
    """Who waits in line when the client closes is told; nobody waits for ever."""
    turns = Turns()
    client = DirectClient(connections_per_host=1)
    async with serve(turns.script) as upstream:
        tasks = [await started(client, upstream, number) for number in range(3)]
        await client.aclose()
        await client.aclose()
        async with asyncio.timeout(SOON):
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, UpstreamError) for result in results)
        with pytest.raises(UpstreamError):
            await exchange(client, upstream)


async def test_connections_have_an_end() -> None:
    """A connection that is old serves no more, however busy: its host may be elsewhere by now."""
    client = DirectClient(max_age=0.2)
    async with serve(Call.answer) as upstream:
        async with asyncio.timeout(SOON):
            while upstream.connections < 3:
                assert await exchange(client, upstream) == b"{}"
                await asyncio.sleep(0.01)
        assert len(upstream.calls) > 6
    await client.aclose()


@pytest.mark.asyncio(loop_factories=["asyncio"])
async def test_a_name_that_leads_elsewhere(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New connections go where the name leads by then; one address that is dead is passed over."""
    client = new_client()
    loop = asyncio.get_running_loop()
    places: list[list[tuple[str, int]]] = []

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        assert (host, port) == ("runtime.example", 8080)
        found = places.pop(0) if len(places) > 1 else places[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in found]

    async def script(call: Call) -> None:
        body = str(urlsplit(f"//{call.headers['Host']}").port).encode()
        await call.send(head(200, "a/b", Content_Length=str(len(body)), Connection="close") + body)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    async with serve(script) as old, serve(script) as new:
        old_at, new_at = (("127.0.0.1", urlsplit(each.url).port or 0) for each in (old, new))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            dead = listener.getsockname()
        places += [[old_at], [dead, new_at]]
        url, lines = "http://runtime.example:8080/x", header_lines(HEADERS.items())
        for _ in range(2):
            response = await client.post(url, lines, b"{}", TimeFrame.starting_now(Limits()))
            assert await response.read_all() == b"8080"
        assert (old.connections, new.connections) == (2, 0)  # one look serves for a moment
        now = time.monotonic
        for clock in ("time.monotonic", "aiohttp.connector.monotonic"):
            monkeypatch.setattr(clock, lambda: now() + 20)
        for _ in range(3):
            response = await client.post(url, lines, b"{}", TimeFrame.starting_now(Limits()))
            assert await response.read_all() == b"8080"
        assert (old.connections, new.connections) == (2, 3)
        monkeypatch.undo()


async def test_a_name_is_asked_for_once(direct: DirectClient) -> None:
    """Many connections at once look a name up once; who leaves does not take the answer along."""
    async with serve(Call.answer) as upstream:
        upstream.url = upstream.url.replace("127.0.0.1", "localhost")
        leaving = asyncio.create_task(post(direct, upstream))
        calls = [asyncio.create_task(exchange(direct, upstream)) for _ in range(20)]
        await asyncio.sleep(0)
        leaving.cancel()
        async with asyncio.timeout(SOON):
            assert await asyncio.gather(*calls) == [b"{}"] * 20


@pytest.mark.asyncio(loop_factories=["asyncio"])
async def test_names_that_were_not_known(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is not remembered: the name may be known a moment later."""
    loop = asyncio.get_running_loop()
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        if len(asked) <= 2:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    async with serve(Call.answer) as upstream:
        upstream.url = upstream.url.replace("127.0.0.1", "runtime.example")
        for _ in range(2):
            with pytest.raises(UpstreamError) as caught:
                await exchange(client, upstream)
            assert (caught.value.code, caught.value.retryable) == ("connection_failed", True)
        assert await exchange(client, upstream) == b"{}"
    assert asked == ["runtime.example"] * 3


async def test_the_systems_own_word_for_an_unknown_name(client: Client) -> None:
    """Whatever a loop's resolver raises for it is a 502 that another deployment may mend."""
    with pytest.raises(UpstreamError) as caught:
        await exchange(client, Upstream("http://nowhere.invalid"))
    assert (caught.value.code, caught.value.retryable) == ("connection_failed", True)


@pytest.mark.asyncio(loop_factories=["asyncio"])
async def test_addresses_take_turns(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name's addresses each new connection tries another one first."""
    loop = asyncio.get_running_loop()

    async def script(call: Call) -> None:
        await call.send(head(200, "a/b", Content_Length="2", Connection="close") + b"{}")

    async with serve(script) as one, serve(script) as other:
        ports = [urlsplit(each.url).port or 0 for each in (one, other)]

        async def getaddrinfo(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports
            ]

        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        for _ in range(4):
            assert await exchange(client, Upstream("http://runtime.example:8080")) == b"{}"
        monkeypatch.undo()
    assert (one.connections, other.connections) == (2, 2)
