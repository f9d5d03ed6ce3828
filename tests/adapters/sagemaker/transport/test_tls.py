"""TLS: who is trusted, for which host, and that nothing is said before that is known."""

import asyncio
import ssl

import pytest

from adapters.base import Limits
from adapters.errors import UpstreamError, UpstreamTimeout
from adapters.sagemaker.transport import Client
from tests.adapters.sagemaker.authority import Authority
from tests.adapters.sagemaker.transport.contract import NewClient, eventually, exchange, post
from tests.adapters.sagemaker.upstream import Call, Upstream, chunk, head, serve


def trusting(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    context.set_alpn_protocols(["http/1.1"])
    return context


def by_name(upstream: Upstream, name: str = "localhost") -> Upstream:
    upstream.url = upstream.url.replace("127.0.0.1", name)
    return upstream


async def refusal(client: Client, upstream: Upstream) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await exchange(client, upstream)
    assert (caught.value.status, caught.value.retryable) == (502, False)
    assert caught.value.code == "tls_failed"
    assert upstream.calls == []
    return caught.value


async def test_an_authority_of_ones_own(new_client: NewClient, authority: Authority) -> None:
    """A server that it vouches for is spoken to, with its name told and HTTP/1.1 agreed on."""
    names: list[object] = []
    authority.server.sni_callback = lambda _, name, __: names.append(name)
    authority.server.set_alpn_protocols(["h2", "http/1.1"])
    client = new_client(tls=trusting(authority))
    agreed: list[object] = []

    async def script(call: Call) -> None:
        found = call.writer.get_extra_info("ssl_object")
        agreed.append(found.selected_alpn_protocol())
        await call.answer(body=call.body)

    async with serve(script, authority.server) as upstream:
        for body in (b"{}", b"x" * 3_000_000):
            assert await exchange(client, by_name(upstream), body) == body
    assert (names, agreed) == (["localhost"], ["http/1.1"] * 2)
    assert upstream.connections == 1


async def test_nobody_vouches(client: Client, authority: Authority) -> None:
    """A certificate whose authority is not trusted ends it before a request is sent (C7)."""
    async with serve(Call.answer, authority.server) as upstream:
        await refusal(client, by_name(upstream))


async def test_another_hosts_certificate(
    new_client: NewClient, authority: Authority, stranger: Authority
) -> None:
    """A trusted authority's certificate for another host, or for no address, is none (C7)."""
    async with serve(Call.answer, stranger.server) as upstream:
        await refusal(new_client(tls=trusting(stranger)), by_name(upstream))
    async with serve(Call.answer, authority.server) as upstream:
        await refusal(new_client(tls=trusting(authority)), upstream)


async def test_a_certificate_of_ones_own(
    new_client: NewClient, authority: Authority, stranger: Authority
) -> None:
    """A server that asks for the client's certificate gets the context's; none is a failure."""
    demanding = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    demanding.load_cert_chain(authority.bundle.parent / "server.pem")
    demanding.load_verify_locations(stranger.bundle)
    demanding.verify_mode = ssl.CERT_REQUIRED
    known = trusting(authority)
    known.load_cert_chain(stranger.bundle.parent / "server.pem")
    async with serve(Call.answer, demanding) as upstream:
        by_name(upstream)
        assert await exchange(new_client(tls=known), upstream) == b"{}"
        with pytest.raises(UpstreamError) as caught:
            await exchange(new_client(tls=trusting(authority)), upstream)
        assert caught.value.status == 502
        assert len(upstream.calls) == 1


async def test_a_handshake_that_hangs(new_client: NewClient, authority: Authority) -> None:
    """A peer that takes the connection and says nothing runs into the time for connecting."""

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        gone.set()
        writer.close()

    gone = asyncio.Event()
    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    async with server:
        upstream = Upstream(f"https://localhost:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(UpstreamTimeout):
            await exchange(
                new_client(tls=trusting(authority)), upstream, limits=Limits(connect=0.2)
            )
        await asyncio.wait_for(gone.wait(), 10)


@pytest.mark.parametrize("way", ["close", "reset", "garbage"])
async def test_no_handshake(new_client: NewClient, authority: Authority, way: str) -> None:
    """A peer that breaks off, or speaks no TLS, is a 502; nothing is sent in clear."""
    heard: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        if way == "garbage":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if way == "reset":
            writer.transport.abort()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        upstream = Upstream(f"https://localhost:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(UpstreamError) as caught:
            await exchange(new_client(tls=trusting(authority)), upstream)
        assert caught.value.status == 502
        await eventually(lambda: len(heard) == 1)
    assert b"POST" not in heard[0]


async def test_a_connection_cut_inside_tls(new_client: NewClient, authority: Authority) -> None:
    """What came before the cut is given, then the failure, whether TLS was ended or not."""

    async def script(call: Call) -> None:
        await call.send(head(200, "a/b", Transfer_Encoding="chunked") + chunk(b"first"))
        await seen.wait()
        call.reset()

    seen = asyncio.Event()
    async with serve(script, authority.server) as upstream:
        response = await post(new_client(tls=trusting(authority)), by_name(upstream))
        assert await response.read_some() == b"first"
        seen.set()
        with pytest.raises(UpstreamError) as caught:
            await response.read_some()
    assert caught.value.code == "connection_lost"


async def test_a_stale_connection_inside_tls(new_client: NewClient, authority: Authority) -> None:
    """A peer that ends TLS on a used connection is asked once more over a new one."""

    async def script(call: Call) -> None:
        if len(upstream.calls) == 2:
            call.writer.close()
            raise ConnectionError
        await call.answer()

    async with serve(script, authority.server) as upstream:
        client = new_client(tls=trusting(authority))
        for _ in range(3):
            assert await exchange(client, by_name(upstream)) == b"{}"
    assert upstream.connections == 2
