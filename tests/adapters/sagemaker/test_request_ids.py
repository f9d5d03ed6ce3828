"""AWS's id of a call, and the variant that answered: on answers and on failures alike."""

from collections.abc import AsyncIterator

import pytest

from adapters.base import Limits, Payload
from adapters.errors import GatewayError
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.direct.client import DirectClient
from adapters.sagemaker.invoker import SageMakerInvoker
from tests.adapters.sagemaker.upstream import EVENT_STREAM, PAYLOAD, Call, Upstream, head, serve

LIMITS = Limits()


@pytest.fixture
async def invoker() -> AsyncIterator[SageMakerInvoker]:
    """An invoker for static keys."""
    client = DirectClient()
    yield SageMakerInvoker(client, StaticCredentials(Credentials("AKIDEXAMPLE", "secret")))
    await client.aclose()


async def whole(invoker: SageMakerInvoker, upstream: Upstream, *, streaming: bool) -> None:
    """Make a call and read all of its answer."""
    if streaming:
        stream = await invoker.open_stream(upstream.target(), PAYLOAD, LIMITS)
        async for _ in stream.chunks:
            pass
    else:
        await invoker.invoke(upstream.target(), PAYLOAD, LIMITS)


@pytest.mark.parametrize(
    ("sent", "id_"),
    [
        ("r-1", "r-1"), ("é", ""), ("r\tx", ""),
        ("x" * 128, "x" * 128), ("x" * 129, ""),
    ],
)  # fmt: skip
async def test_only_plain_headers_are_handed_on(
    invoker: SageMakerInvoker, sent: str, id_: str
) -> None:
    """Id and variant become headers of ours: printable ASCII up to 128 characters, or nothing."""

    async def script(call: Call) -> None:
        status = int(call.body)
        await call.answer(status, x_amzn_RequestId=sent, x_Amzn_Invoked_Production_Variant=sent)

    async with serve(script) as upstream:
        for operation in (invoker.invoke, invoker.open_stream):
            answer = await operation(upstream.target(), Payload(body=b"200"), LIMITS)
            assert (answer.head.request_id, answer.head.variant) == (id_, id_)
            with pytest.raises(GatewayError) as caught:
                await operation(upstream.target(), Payload(body=b"500"), LIMITS)
            assert caught.value.request_id == (id_ or None)


BROKEN = {
    "breaks off": head(200, "application/json", Content_Length="9", x_amzn_RequestId="r-1") + b"[",
    "too large": head(200, "application/json", x_amzn_RequestId="r-1"),
    "compressed": head(
        200, "application/json", Content_Encoding="gzip", Content_Length="0", x_amzn_RequestId="r-1"
    ),
    "no JSON": head(200, "text/html", Content_Length="1", x_amzn_RequestId="r-1") + b"<",
    "bad frame": head(200, EVENT_STREAM, Content_Length="12", x_amzn_RequestId="r-1") + b"x" * 12,
    "refused": head(429, "text/html", Content_Length="0", x_amzn_RequestId="r-1"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("way", "streaming"),
    [
        ("breaks off", False),
        ("breaks off", True),
        ("too large", False),
        ("too large", True),
        ("compressed", False),
        ("compressed", True),
        ("no JSON", True),
        ("bad frame", True),
        ("refused", False),
        ("refused", True),
    ],
)
async def test_failures_carry_the_request_id(
    invoker: SageMakerInvoker, way: str, streaming: bool
) -> None:
    """Whatever fails once AWS has answered names AWS's id of the call, to ask AWS about it."""

    async def script(call: Call) -> None:
        await call.send(BROKEN[way])
        while way == "too large":
            await call.send(b" " * 2**20)
        call.writer.close()

    async with serve(script) as upstream:
        with pytest.raises(GatewayError) as caught:
            await whole(invoker, upstream, streaming=streaming)
    assert caught.value.request_id == "r-1"
