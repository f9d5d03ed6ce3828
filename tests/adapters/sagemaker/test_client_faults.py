"""The way to AWS: what each failure of name, connection, TLS and time becomes."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from adapters.base import Limits
from adapters.errors import (
    DeadlineExceeded,
    GatewayError,
    MalformedReply,
    UpstreamError,
    UpstreamTimeout,
)
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.transport import Client
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, Upstream, head, serve

KEYS = StaticCredentials(Credentials("AKIDEXAMPLE", "secret"))


async def failure(client: Client, upstream: Upstream, limits: Limits | None = None) -> GatewayError:
    """Call both operations, which must fail alike; give the error."""
    invoker = SageMakerInvoker(client, KEYS)
    errors = []
    for call in (invoker.invoke, invoker.open_stream):
        with pytest.raises(GatewayError) as caught:
            await call(upstream.target(), PAYLOAD, limits or Limits())
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert "127.0.0.1" not in errors[0].message
    return errors[0]


async def test_refused(client: Client) -> None:
    """A refused connection is a 502 that another deployment may mend (G1)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = await failure(client, Upstream(f"http://127.0.0.1:{port}"))
    assert f"127.0.0.1:{port}" in str(error.detail)
    assert type(error) is UpstreamError
    assert (error.status, error.code, error.retryable) == (502, "connection_failed", True)


async def test_unknown_name(client: Client) -> None:
    """A name that does not resolve is a 502 that another deployment may mend (G1)."""
    error = await failure(client, Upstream("http://nowhere.invalid"))
    assert type(error) is UpstreamError
    assert (error.status, error.retryable) == (502, True)
    assert "nowhere" not in error.message


async def test_connect_hangs(client: Client) -> None:
    """A connection that is not made in time is a 504 that may be tried again (G2)."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The queue takes one or two connections that nobody accepts; the next one hangs.
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        address = Upstream(f"http://127.0.0.1:{listener.getsockname()[1]}")
        error = await failure(client, address, Limits(connect=0.2))
    assert type(error) is UpstreamTimeout
    assert (error.status, error.type, error.retryable) == (504, "timeout_error", True)


@pytest.mark.parametrize(
    "limits", [Limits(first_byte=0.2), Limits(deadline=0.2)], ids=["first byte", "deadline"]
)
async def test_first_byte_hangs(client: Client, limits: Limits) -> None:
    """No answer within our own limit is a 408, and the connection is given up (G2)."""
    left = asyncio.Semaphore(0)

    async def script(call: Call) -> None:
        await call.gone()
        left.release()

    async with serve(script) as upstream:
        error = await failure(client, upstream, limits)
        for _ in range(2):
            await asyncio.wait_for(left.acquire(), 10)
    assert type(error) is DeadlineExceeded
    assert (error.status, error.type, error.retryable) == (408, "timeout_error", False)
    assert error.message == "No answer within 0.2 s."


async def test_slow_credentials_meet_the_limits(client: Client) -> None:
    """Waiting for credentials is part of the time allowed."""

    class Waiting(StaticCredentials):
        def at_hand(self) -> None:
            return None

        async def current(self) -> Credentials:
            await asyncio.Event().wait()
            return await super().current()

    invoker = SageMakerInvoker(client, Waiting(Credentials("AKIDEXAMPLE", "secret")))
    for limits in (Limits(first_byte=0.1), Limits(deadline=0.1)):
        with pytest.raises(DeadlineExceeded):
            await invoker.invoke(Upstream("http://127.0.0.1:9").target(), PAYLOAD, limits)


@pytest.mark.parametrize(
    "limits", [Limits(idle=0.2), Limits(deadline=0.3)], ids=["idle", "deadline"]
)
async def test_body_hangs(client: Client, limits: Limits) -> None:
    """A body that stops half-way is a 408 (G2)."""

    async def script(call: Call) -> None:
        await call.send(head(200, "application/json", Content_Length="10") + b"{")
        await call.gone()

    async with serve(script) as upstream:
        invoker = SageMakerInvoker(client, KEYS)
        with pytest.raises(DeadlineExceeded):
            await invoker.invoke(upstream.target(), PAYLOAD, limits)


async def test_dripping_body_meets_the_deadline(client: Client) -> None:
    """A body that drips, never silent for long, still ends at the deadline (G2)."""

    async def script(call: Call) -> None:
        await call.send(head(200, "application/json", Content_Length="1000"))
        while True:
            await call.send(b"x")
            await asyncio.sleep(0.02)

    async with serve(script) as upstream:
        invoker = SageMakerInvoker(client, KEYS)
        with pytest.raises(DeadlineExceeded):
            await invoker.invoke(upstream.target(), PAYLOAD, Limits(deadline=0.3))


async def test_peer_that_does_not_read(client: Client) -> None:
    """A peer that takes no byte of the body runs into the limit for the first byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        upstream = Upstream(f"http://127.0.0.1:{listener.getsockname()[1]}")
        invoker = SageMakerInvoker(client, KEYS)
        payload = type(PAYLOAD)(body=b"x" * 6_000_000)
        with pytest.raises(DeadlineExceeded):
            await invoker.open_stream(
                upstream.target(), payload, Limits(first_byte=0.3, deadline=None)
            )


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_connection_breaks_before_the_headers(client: Client, before: bytes) -> None:
    """A connection that breaks before the answer is a 502 that may be tried again (F3)."""

    async def script(call: Call) -> None:
        await call.send(before)
        call.writer.close()

    async with serve(script) as upstream:
        error = await failure(client, upstream)
    assert (error.status, error.retryable) == (502, True)
    assert "Content-Le" not in str(error.detail)


async def test_body_breaks_off(client: Client) -> None:
    """Half an answer is an error, never an answer."""

    async def script(call: Call) -> None:
        await call.send(head(200, "application/json", Content_Length="10") + b"[1]")
        call.writer.close()

    async with serve(script) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await SageMakerInvoker(client, KEYS).invoke(upstream.target(), PAYLOAD, Limits())
    assert (caught.value.status, caught.value.code) == (502, "connection_lost")


async def test_error_body_breaks_off(client: Client) -> None:
    """An error whose body breaks off is still that error."""

    async def script(call: Call) -> None:
        more = {"Content_Length": "10", "x_amzn_ErrorType": "ThrottlingException"}
        await call.send(head(400, "application/json", **more) + b"{")
        call.writer.close()

    async with serve(script) as upstream:
        assert (await failure(client, upstream)).status == 429


async def test_not_http(client: Client) -> None:
    """A peer that does not speak HTTP is a 502; what it said instead stays out of the log."""

    async def script(call: Call) -> None:
        await call.send(b"MY SECRET PROMPT\r\n\r\n")
        call.writer.close()

    async with serve(script) as upstream:
        error = await failure(client, upstream)
    assert type(error) is MalformedReply
    assert error.status == 502
    assert "SECRET" not in str(error.detail)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [shutil.which("openssl") or "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-days", "2", "-batch", "-keyout", "key.pem", "-out", "cert.pem",
         "-subj", "/CN=sagegate-test", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder,
        check=True,
        capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


async def test_untrusted_certificate(client: Client, certificate: Path) -> None:
    """A certificate that nobody vouches for is a 502, and no request is sent (C7)."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    async with serve(Call.answer, tls) as upstream:
        error = await failure(client, upstream)
    assert (error.status, error.code, error.retryable) == (502, "tls_failed", False)
    assert upstream.calls == []


async def test_no_tls_at_all(client: Client) -> None:
    """A server without TLS behind an https address is a failure, never a retry in clear (C7)."""
    heard: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(client, Upstream(f"https://127.0.0.1:{port}"))
    assert error.status == 502
    assert len(heard) == 2
    assert not any(b"POST" in data for data in heard)


async def test_no_limit_of_connections(client: Client) -> None:
    """Calls at the same time each have their own connection, and wait for nobody."""
    async with serve(Call.answer) as upstream:
        invoker = SageMakerInvoker(client, KEYS)
        calls = [invoker.invoke(upstream.target(), PAYLOAD, Limits()) for _ in range(10)]
        await asyncio.gather(*calls)
    assert upstream.connections == 10


async def test_unused_client_closes(client: Client) -> None:
    """A client that never called anybody closes without a word, also twice."""
    await client.aclose()
