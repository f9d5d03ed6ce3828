"""Streams: what arrives, in which order, and what each fault becomes."""

import asyncio
import gc
import json
import logging

import pytest

from adapters.base import Head, Limits, Payload, UpstreamStream
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
from tests.adapters.sagemaker.frames import error, exception, message, part, string_header
from tests.adapters.sagemaker.upstream import PAYLOAD, Call, chunk, head, serve

LIMITS = Limits()
TEN = [b"record %d\n" % number for number in range(10)]


@pytest.fixture
def invoker(client: Client) -> SageMakerInvoker:
    """An invoker for static keys."""
    return SageMakerInvoker(client, StaticCredentials(Credentials("AKIDEXAMPLE", "secret")))


async def read(
    stream: UpstreamStream, pause: float | None = None
) -> tuple[bytes, GatewayError | None]:
    """Read a stream to its end; give what came and what was raised."""
    received = []
    try:
        async for data in stream.chunks:
            assert data
            received.append(data)
            if pause is not None:
                await asyncio.sleep(pause)
    except GatewayError as fault:
        return b"".join(received), fault
    return b"".join(received), None


async def test_parts_and_head(invoker: SageMakerInvoker) -> None:
    """Parts come out in order, empty ones not at all; the head is the container's and AWS's."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(part(b"one ") + part(b"") + part(b"two ")[:50])
        await call.chunk(part(b"two ")[50:])
        await call.chunk(part(b""))
        await call.chunk(part(b"three"))
        await call.chunk(b"")

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert stream.head == Head(
            content_type="text/event-stream", request_id="request-1", variant="blue"
        )
        assert await read(stream) == (b"one two three", None)
        await stream.aclose()
        again = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert await read(again) == (b"one two three", None)
    assert upstream.connections == 1


async def test_frames_cut_at_every_byte(invoker: SageMakerInvoker) -> None:
    """A frame cut at any byte comes out whole: its end is sent when its beginning was read."""
    frame = part("naïve".encode())
    begun = asyncio.Event()

    async def script(call: Call) -> None:
        cut = int(call.body)
        await call.begin_stream()
        await call.chunk(part(b"first") + frame[:cut])
        await begun.wait()
        await call.chunk(frame[cut:])
        await call.chunk(b"")

    async with serve(script) as upstream:
        for cut in range(1, len(frame)):
            begun.clear()
            payload = Payload(body=str(cut).encode())
            stream = await invoker.open_stream(upstream.target(), payload, LIMITS)
            assert await anext(stream.chunks) == b"first"
            begun.set()
            assert await read(stream) == ("naïve".encode(), None)


@pytest.mark.parametrize("count", [0, 10])
@pytest.mark.parametrize(
    ("ending", "kind", "status", "retryable"),
    [
        (
            chunk(exception("ModelStreamError", ErrorCode="ModelInvocationTimeExceeded")),
            UpstreamTimeout,
            504,
            False,
        ),
        (chunk(exception("ModelStreamError", ErrorCode="StreamBroken")), UpstreamError, 502, True),
        (chunk(exception("InternalStreamFailure")), UpstreamError, 502, True),
        (chunk(error("Oops", "why")), UpstreamError, 502, True),
        (chunk(part(b"cut off")[:-1]) + chunk(b""), MalformedReply, 502, True),
        (chunk(part(b"damaged")[:-1] + b"\0"), MalformedReply, 502, False),
        (b"", UpstreamError, 502, True),
    ],
    ids=[
        "wall", "broken", "failure", "error", "mid-frame", "damaged", "no last chunk",
    ],
)  # fmt: skip
async def test_faults(
    invoker: SageMakerInvoker,
    count: int,
    ending: bytes,
    kind: type[GatewayError],
    status: int,
    retryable: bool,
) -> None:
    """Whatever was sent before a fault is delivered, also out of the same packet (F1, F2, F4)."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.send(b"".join(chunk(part(record)) for record in TEN[:count]) + ending)
        call.writer.close()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        received, fault = await read(stream)
    assert received == b"".join(TEN[:count])
    assert isinstance(fault, kind)
    assert (fault.status, fault.retryable) == (status, retryable)


@pytest.mark.parametrize("way", ["reset", "not HTTP"])
async def test_reset(invoker: SageMakerInvoker, way: str) -> None:
    """A connection that breaks mid-stream is an error after what had arrived (F3)."""
    seen = asyncio.Event()

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(part(b"first"))
        await seen.wait()
        if way == "not HTTP":
            await call.send(b"this is no chunk\r\n")
        call.reset()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert await anext(stream.chunks) == b"first"
        seen.set()
        received, fault = await read(stream)
    assert received == b""
    assert isinstance(fault, UpstreamError)
    assert (fault.status, fault.code, fault.retryable) == (502, "connection_lost", True)
    assert upstream.url.rpartition("/")[2] not in fault.message


async def test_fault_is_final(invoker: SageMakerInvoker) -> None:
    """Nothing behind an exception is delivered, and the fault stays the same."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(exception("InternalStreamFailure") + part(b"late"))
        await call.gone()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert await read(stream) == await read(stream)
        assert (await read(stream))[0] == b""


async def test_unknown_messages_are_passed_over(
    invoker: SageMakerInvoker, caplog: pytest.LogCaptureFixture
) -> None:
    """Events and messages of a kind that is not known are left out, and named in the log once."""
    unknown = message(string_header(":message-type", "event") + string_header(":event-type", "New"))

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(part(b"a") + unknown + unknown + part(b"b") + message(b""))
        await call.chunk(b"")

    caplog.set_level(logging.INFO, "adapters.sagemaker")
    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert await read(stream) == (b"ab", None)
    assert caplog.text.count("unknown_message") == 1


@pytest.mark.parametrize(
    "kind", ["text/html", "application/octet-stream", "text/event-stream", "", "text/plain"]
)
async def test_other_content_types(invoker: SageMakerInvoker, kind: str) -> None:
    """A 200 that is neither an event stream nor JSON is a 502 that says so (F9)."""

    async def script(call: Call) -> None:
        await call.answer(body=b"<html>secret</html>", kind=kind)
        await call.gone()

    async with serve(script) as upstream:
        with pytest.raises(MalformedReply, match="neither an event stream nor JSON") as caught:
            await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
    assert caught.value.status == 502


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
async def test_json_document(invoker: SageMakerInvoker, kind: str) -> None:
    """A whole JSON document is handed on as it is, for the format to cut into chunks (F9)."""
    document = json.dumps([{"generated_text": "x" * 200_000}]).encode()

    async def script(call: Call) -> None:
        await call.answer(body=document, kind=kind)

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert stream.head.content_type == kind
        assert await read(stream) == (document, None)
        await stream.aclose()


async def test_endless_json_document(invoker: SageMakerInvoker) -> None:
    """A document beyond the limit is refused, not collected for ever."""

    async def script(call: Call) -> None:
        await call.send(head(200, "application/json"))
        while True:
            await call.send(b"[" * 2**20)

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        _, fault = await read(stream)
    assert isinstance(fault, MalformedReply)


@pytest.mark.parametrize("way", ["aclose", "cancel"])
async def test_leaving_a_stream_closes_the_connection(invoker: SageMakerInvoker, way: str) -> None:
    """Who leaves mid-stream, in either way, takes the connection to AWS along (F8)."""
    left = asyncio.Event()

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(part(b"first"))
        await call.gone()
        left.set()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        assert await anext(stream.chunks) == b"first"
        if way == "aclose":
            await stream.aclose()
            await stream.aclose()
        else:
            task = asyncio.ensure_future(anext(stream.chunks))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
        await asyncio.wait_for(left.wait(), 10)


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("begun", [True, False])
async def test_cancelling_a_call_closes_the_connection(
    invoker: SageMakerInvoker, streaming: bool, begun: bool
) -> None:
    """A call that is cancelled, before or after the headers, takes its connection along (F8)."""
    asked, left = asyncio.Event(), asyncio.Event()

    async def script(call: Call) -> None:
        if begun and not streaming:
            await call.send(head(200, "application/json", Content_Length="10") + b"{")
        asked.set()
        await call.gone()
        left.set()

    async with serve(script) as upstream:
        operation = invoker.open_stream if streaming else invoker.invoke
        task = asyncio.ensure_future(operation(upstream.target(), PAYLOAD, LIMITS))
        await asked.wait()
        await asyncio.sleep(0.05 if begun else 0)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        await asyncio.wait_for(left.wait(), 10)


async def test_slow_records_are_no_silence(invoker: SageMakerInvoker) -> None:
    """The idle limit counts from read to read, not from the start of the stream."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        for record in TEN:
            await asyncio.sleep(0.06)
            await call.chunk(part(record))
        await call.chunk(b"")

    limits = Limits(first_byte=0.4, idle=0.4, deadline=None)
    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, limits)
        assert await read(stream) == (b"".join(TEN), None)


@pytest.mark.parametrize(
    "limits", [Limits(idle=0.2, deadline=None), Limits(deadline=0.2)], ids=["idle", "deadline"]
)
async def test_silence_ends_the_stream(invoker: SageMakerInvoker, limits: Limits) -> None:
    """Silence beyond the limit is our own 408 after what had arrived; the connection goes (G2)."""
    left = asyncio.Event()

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.chunk(part(b"first"))
        await call.gone()
        left.set()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, limits)
        received, fault = await read(stream)
        await asyncio.wait_for(left.wait(), 10)
    assert received == b"first"
    assert isinstance(fault, DeadlineExceeded)
    assert (fault.status, fault.type) == (408, "timeout_error")
    assert fault.message == "No answer within 0.2 s."
    assert fault.request_id == "request-1"


@pytest.mark.parametrize("pause", [0, 0.02], ids=["quick reader", "slow reader"])
async def test_deadline_holds_for_a_steady_stream(invoker: SageMakerInvoker, pause: float) -> None:
    """The deadline ends a stream that is never silent, also where something always waits."""

    async def script(call: Call) -> None:
        await call.begin_stream()
        while True:
            await call.chunk(part(b"more"))
            await asyncio.sleep(0.01)

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, Limits(deadline=0.3))
        received, fault = await asyncio.wait_for(read(stream, pause), 10)
    assert received
    assert isinstance(fault, DeadlineExceeded)


async def test_a_used_connection_that_breaks_later(invoker: SageMakerInvoker) -> None:
    """A pooled connection that is reset between two calls disturbs neither them nor the log."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def script(call: Call) -> None:
        await call.begin_stream()
        await asyncio.sleep(0)
        await call.chunk(part(b"x"))
        await call.chunk(b"")

    async with serve(script) as upstream:
        for _ in range(3):
            for _ in range(2):
                stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
                assert await read(stream) == (b"x", None)
            upstream.calls[-1].reset()
            await asyncio.sleep(0.05)
            gc.collect()
    assert upstream.connections == 3
    assert complaints == []


async def test_slow_consumer_loses_nothing(invoker: SageMakerInvoker) -> None:
    """Who reads late gets everything, also when the connection was reset meanwhile."""
    done = asyncio.Event()

    async def script(call: Call) -> None:
        await call.begin_stream()
        await call.send(b"".join(chunk(part(record)) for record in TEN))
        call.writer.close()
        done.set()

    async with serve(script) as upstream:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        await done.wait()
        await asyncio.sleep(0.1)
        received, fault = await read(stream)
    assert received == b"".join(TEN)
    assert isinstance(fault, UpstreamError)
