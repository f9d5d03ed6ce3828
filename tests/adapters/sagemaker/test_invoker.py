"""Whole calls: what is sent, what comes back, what is refused before anything is sent."""

import asyncio
import re
from dataclasses import replace

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from adapters.base import Head, Invoker, Limits, Payload, Reply, UpstreamStream
from adapters.errors import (
    EndpointNotFound,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    PayloadTooLarge,
    StreamingRefused,
    UpstreamError,
)
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.invoker import SageMakerInvoker
from adapters.sagemaker.transport import MAX_BODY_BYTES, Client
from tests.adapters.sagemaker.frames import part
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, Upstream, head, serve

KEYS = Credentials("AKIDEXAMPLE", "secret", "token")
LIMITS = Limits()


@pytest.fixture
def invoker(client: Client) -> SageMakerInvoker:
    """An invoker for static keys."""
    return SageMakerInvoker(client, StaticCredentials(KEYS))


async def collect(stream: UpstreamStream) -> list[bytes]:
    """Read a stream to its end."""
    return [chunk async for chunk in stream.chunks]


def test_is_an_invoker(invoker: SageMakerInvoker) -> None:
    """The class has the shape that endpoints ask for (checked by the type checkers)."""
    seam: Invoker = invoker
    assert seam is invoker


async def test_invoke(invoker: SageMakerInvoker) -> None:
    """A plain call sends the body as it is and gives the answer as it is, with its head."""

    async def script(call: Call) -> None:
        await call.answer(
            body=b'[{"generated_text":"x"}]',
            kind="application/json; charset=utf-8",
            x_amzn_RequestId="r-1",
            x_Amzn_Invoked_Production_Variant="blue",
        )

    async with serve(script) as upstream:
        reply = await invoker.invoke(upstream.target(), PAYLOAD, LIMITS)
    assert reply == Reply(
        head=Head(content_type="application/json; charset=utf-8", request_id="r-1", variant="blue"),
        body=b'[{"generated_text":"x"}]',
    )
    (call,) = upstream.calls
    assert call.line == "POST /endpoints/my-endpoint/invocations HTTP/1.1"
    assert call.body == PAYLOAD.body


async def test_what_is_sent(invoker: SageMakerInvoker) -> None:
    """Exactly these headers leave; no cookie, no encoding, no product but the gateway's name."""

    async def script(call: Call) -> None:
        await call.answer(Set_Cookie="a=b")

    payload = Payload(
        body=b"{}", headers=(("X-Amzn-SageMaker-Custom-Attributes", "accept_eula=true"),)
    )
    async with serve(script) as upstream:
        target = upstream.target(inference_component="llama")
        await invoker.invoke(target, payload, LIMITS)
        await invoker.invoke(target, payload, LIMITS)
    for call in upstream.calls:
        assert sorted(name.lower() for name in call.headers) == [
            "accept",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-amz-date",
            "x-amz-security-token",
            "x-amzn-sagemaker-custom-attributes",
            "x-amzn-sagemaker-inference-component",
        ]
        assert call.headers["User-Agent"] == "sagegate"
        assert call.headers["X-Amzn-SageMaker-Inference-Component"] == "llama"
        assert call.headers["Accept"] == "application/json"
        assert call.headers["Content-Type"] == "application/json"
    assert upstream.connections == 1


async def test_stream_headers(invoker: SageMakerInvoker) -> None:
    """The streaming operation has its own path and its own name for `Accept`."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(b"")

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert await collect(stream) == []
    (call,) = upstream.calls
    assert call.line == "POST /endpoints/my-endpoint/invocations-response-stream HTTP/1.1"
    assert call.headers["X-Amzn-SageMaker-Accept"] == "application/json"
    assert "Accept" not in call.headers


@pytest.mark.parametrize("prefix", ["", "/gate%20way/x"])
async def test_signature_on_the_wire(invoker: SageMakerInvoker, prefix: str) -> None:
    """What arrives verifies with botocore's signer: path, host with port, body, headers."""

    async def script(call: Call) -> None:
        await call.answer()

    async with serve(script) as upstream:
        upstream.url += prefix
        await invoker.invoke(upstream.target(inference_component="llama"), PAYLOAD, LIMITS)
    (call,) = upstream.calls
    listed = re.search("SignedHeaders=([^,]+)", call.headers["Authorization"])
    assert listed is not None
    signed = {name: call.headers[name] for name in listed[1].split(";")}
    url = f"http://{call.headers['Host']}{call.line.split()[1]}"
    request = AWSRequest("POST", url, headers=signed, data=call.body)
    request.context["timestamp"] = call.headers["X-Amz-Date"]
    signer = SigV4Auth(
        BotocoreCredentials("AKIDEXAMPLE", "secret", "token"), "sagemaker", "eu-west-1"
    )
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert call.headers["Authorization"].endswith(f"={signer.signature(text, request)}")


async def test_large_body(invoker: SageMakerInvoker) -> None:
    """A body of SageMaker's full size arrives whole."""

    async def script(call: Call) -> None:
        await call.answer(body=str(len(call.body)).encode())

    async with serve(script) as upstream:
        target = upstream.target()
        payload = Payload(body=b"x" * target.max_payload_bytes)
        reply = await invoker.invoke(target, payload, LIMITS)
    assert reply.body == b"6291456"
    assert upstream.calls[0].body == payload.body


async def test_too_large_a_body_is_never_sent(invoker: SageMakerInvoker) -> None:
    """One byte over the target's limit is a 413 before any connection."""
    async with serve(Call.answer) as upstream:
        target = upstream.target(max_payload_bytes=14)
        for call in (invoker.invoke, invoker.open_stream):
            with pytest.raises(PayloadTooLarge, match="15 bytes, and at most 14") as caught:
                await call(target, PAYLOAD, LIMITS)
            assert caught.value.status == 413
    assert upstream.connections == 0


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "é", "\x00", "a\x7f"])
async def test_hostile_header_values_are_never_sent(invoker: SageMakerInvoker, value: str) -> None:
    """A value that could end its header, or is not ASCII, is a 400 that names the header (C8)."""
    payload = Payload(body=b"{}", headers=(("X-Amzn-SageMaker-Custom-Attributes", value),))
    async with serve(Call.answer) as upstream:
        with pytest.raises(InvalidRequest, match="X-Amzn-SageMaker-Custom-Attributes"):
            await invoker.invoke(upstream.target(), payload, LIMITS)
    assert upstream.connections == 0


@pytest.mark.parametrize(
    ("status", "name", "body", "kind"),
    [
        (400, "ValidationError", b'{"Message":"Endpoint e not found."}', EndpointNotFound),
        (424, "ModelError", b'{"OriginalStatusCode":422,"OriginalMessage":"no"}', ModelError),
        (302, "", b"", UpstreamError),
        (503, "", b"<html>", MalformedReply),
        (204, "", b"", GatewayError),
    ],
)
async def test_errors_are_translated(
    invoker: SageMakerInvoker, status: int, name: str, body: bytes, kind: type[GatewayError]
) -> None:
    """Every answer but 200 becomes an error of our tree, on both operations."""

    async def script(call: Call) -> None:
        await call.answer(status, body, x_amzn_ErrorType=name)

    async with serve(script) as upstream:
        for call in (invoker.invoke, invoker.open_stream):
            with pytest.raises(kind):
                await call(upstream.target(), PAYLOAD, LIMITS)


async def test_redirects_are_not_followed(invoker: SageMakerInvoker) -> None:
    """A redirect is a 502; the place that it names hears nothing (C6)."""
    async with serve(Call.answer) as elsewhere:

        async def script(call: Call) -> None:
            await call.answer(int(call.headers["X-Amzn-SageMaker-X"]), b"", Location=elsewhere.url)

        async with serve(script) as upstream:
            for status in (301, 302, 303, 307, 308):
                payload = Payload(body=b"{}", headers=(("X-Amzn-SageMaker-X", str(status)),))
                with pytest.raises(UpstreamError, match="redirect") as caught:
                    await invoker.invoke(upstream.target(), payload, LIMITS)
                assert caught.value.status == 502
    assert elsewhere.connections == 0


async def test_streaming_refused(invoker: SageMakerInvoker) -> None:
    """A missing streaming route is told apart from a missing endpoint."""

    async def script(call: Call) -> None:
        await call.answer(404, b"<html>")

    async with serve(script) as upstream:
        with pytest.raises(StreamingRefused):
            await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        with pytest.raises(MalformedReply):
            await invoker.invoke(upstream.target(), PAYLOAD, LIMITS)


@pytest.mark.parametrize("announced", [True, False])
async def test_oversized_answers(invoker: SageMakerInvoker, announced: bool) -> None:
    """An answer beyond the limit is refused, whether it is announced or just goes on and on."""
    sent = 0

    async def script(call: Call) -> None:
        nonlocal sent
        length = {"Content_Length": str(10**12)} if announced else {}
        await call.send(head(200, "application/json", **length))
        while True:
            await call.send(b"x" * 2**20)
            sent += 2**20

    async with serve(script) as upstream:
        with pytest.raises(MalformedReply, match="too large"):
            await invoker.invoke(upstream.target(), PAYLOAD, LIMITS)
    assert sent < 2 * MAX_BODY_BYTES


async def test_oversized_error_bodies(invoker: SageMakerInvoker) -> None:
    """An error's body is read up to a bound only; its status still counts."""

    async def script(call: Call) -> None:
        await call.answer(429, b"x" * 1_000_000)

    async with serve(script) as upstream:
        with pytest.raises(GatewayError) as caught:
            await invoker.invoke(upstream.target(), PAYLOAD, LIMITS)
    assert caught.value.status == 429


async def test_compressed_answers_are_refused(invoker: SageMakerInvoker) -> None:
    """Compression was not asked for: such an answer is refused, never unpacked."""

    async def script(call: Call) -> None:
        await call.answer(Content_Encoding="gzip")

    async with serve(script) as upstream:
        with pytest.raises(MalformedReply, match="compressed"):
            await invoker.invoke(upstream.target(), PAYLOAD, LIMITS)


async def test_regions_and_identities_side_by_side(client: Client) -> None:
    """Two identities and two regions over one client never take each other's signature (I9)."""
    async with serve(Call.answer) as upstream:

        async def call(key: str, region: str) -> None:
            invoker = SageMakerInvoker(client, StaticCredentials(Credentials(key, "s")))
            await invoker.invoke(upstream.target(region=region), PAYLOAD, LIMITS)

        pairs = [
            (key, region) for key in ("AKIDA", "AKIDB") for region in ("eu-west-1", "us-west-2")
        ]
        await asyncio.gather(*(call(*pair) for pair in pairs * 10))
    scopes = [call.headers["Authorization"].split("/")[:3:2] for call in upstream.calls]
    assert sorted(scopes) == sorted(
        [f"AWS4-HMAC-SHA256 Credential={key}", region] for key, region in pairs * 10
    )


async def test_two_hundred_streams_at_once(invoker: SageMakerInvoker) -> None:
    """Two hundred streams over one client lose not a byte (E8)."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        for number in range(20):
            await call.chunk(part(b"%d," % number + call.body))
        await call.chunk(b"")

    async def read(upstream: Upstream, number: int) -> None:
        body = b"stream %d;" % number
        stream = await invoker.open_stream(upstream.target(), Payload(body=body), LIMITS)
        expected = b"".join(b"%d," % record + body for record in range(20))
        assert b"".join(await collect(stream)) == expected

    async with serve(script) as upstream:
        await asyncio.gather(*(read(upstream, number) for number in range(200)))


@pytest.mark.parametrize("streamed", [False, True])
async def test_answers_beyond_the_configured_size(
    invoker: SageMakerInvoker, streamed: bool
) -> None:
    """A smaller limit of the operator's ends an answer as soon as more has come, streams too."""
    limits = replace(LIMITS, most_bytes=2**20)
    closed = asyncio.Event()

    async def script(call: Call) -> None:
        await call.send(head(200, "application/json"))
        try:
            while True:
                await call.send(b" " * 2**18)
        finally:
            closed.set()

    async def ask(upstream: Upstream) -> None:
        if not streamed:
            await invoker.invoke(upstream.target(), PAYLOAD, limits)
            return
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, limits)
        size = 0
        async for piece in stream.chunks:
            size += len(piece)
            assert size <= 2**20

    async with serve(script) as upstream:
        with pytest.raises(MalformedReply, match="larger than 1 MB") as caught:
            await ask(upstream)
        await asyncio.wait_for(closed.wait(), 30)
    assert caught.value.code == "response_too_large"
