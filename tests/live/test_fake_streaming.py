"""Fake streaming: endpoints that can't stream, and what the gateway remembers of them."""

import pytest

from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, Stream
from tests.live.test_hostile_cuts import assert_whole


@pytest.mark.parametrize("model", ["tgi-no-stream-a", "chat-no-stream-a"])
def test_a_refusal_is_remembered(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """An endpoint that refuses to stream is asked for a whole answer, the second time at once.

    The answer is cut into chunks; nothing is lost.
    """
    assert_whole(gateway.stream(model), serving.HOSTILE, model)
    assert emulated.operations() == ["stream", "invoke"]

    assert_whole(gateway.stream(model), serving.HOSTILE, model)
    assert emulated.operations() == ["stream", "invoke", "invoke"]


@pytest.mark.parametrize("model", ["tgi-whole-a", "chat-whole-a"])
def test_a_whole_document_is_remembered(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """A whole JSON document as the stream becomes chunks, without a second call.

    The next request goes to the plain operation at once.
    """
    assert_whole(gateway.stream(model), serving.HOSTILE, model)
    assert emulated.operations() == ["stream"]

    assert_whole(gateway.stream(model), serving.HOSTILE, model)
    assert emulated.operations() == ["stream", "invoke"]


@pytest.mark.parametrize("model", ["tgi-whole-b", "chat-whole-b"])
def test_a_document_in_pieces(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """A document that arrives byte by byte is one all the same."""
    emulated.fault(model.removesuffix("-b"), "cuts", cuts="every_byte")

    assert_whole(gateway.stream(model), serving.HOSTILE, model)
    assert emulated.operations() == ["stream"]


def test_what_a_faked_stream_asks_for(gateway: Gateway, emulated: Emulated) -> None:
    """The plain call's body has neither `stream` nor `stream_options`; words stay whole."""
    stream = gateway.stream("fake-only", stream_options={"include_usage": True})

    assert emulated.operations() == ["invoke"]
    assert emulated.body() == {"messages": HELLO, "model": ""}
    assert stream.chunks[-1]["usage"]["total_tokens"] > 0
    assert stream.text() == serving.HOSTILE
    words = [delta["content"] for delta in stream.deltas() if delta.get("content")]
    assert len(words) > 5
    assert all(part[-1].isspace() for part in words[:-1])


def test_a_missing_operation_is_a_refusal(gateway: Gateway, emulated: Emulated) -> None:
    """`UnknownOperationException` on the streaming route is a refusal to stream."""
    emulated.fault("chat-hostile", "unknown_operation", operation="stream")

    assert_whole(gateway.stream("forget-operation"), serving.HOSTILE, "forget-operation")
    assert emulated.operations() == ["stream", "invoke"]


@pytest.mark.parametrize("model", ["tgi-no-stream-b", "chat-no-stream-b"])
def test_a_failure_is_no_refusal(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """When the plain call fails as well, its status is the answer, and nothing is remembered."""
    emulated.fault(model.removesuffix("-b"), "throttling", operation="invoke", times=1)

    first = gateway.stream(model)
    second = gateway.stream(model)

    assert first.status == 429
    assert_whole(second, serving.HOSTILE, model)
    assert emulated.operations() == ["stream", "invoke", "stream", "invoke"]


def test_two_text_choices_as_a_stream(gateway: Gateway, emulated: Emulated) -> None:
    """`n` choices of a text container take `n` streams, told side by side as one."""
    stream = gateway.stream("tgi-hostile", n=2)

    assert emulated.operations() == ["stream", "stream"]
    assert_two(stream)


def test_two_text_choices_of_an_endpoint_that_can_t_stream(
    gateway: Gateway, emulated: Emulated
) -> None:
    """Where the endpoint refuses to stream, they take `n` plain calls, cut into one stream."""
    first = gateway.stream("tgi-no-stream-d", n=2)
    emulated.forget()
    second = gateway.stream("tgi-no-stream-d", n=2)

    assert_two(first)
    assert_two(second)
    assert emulated.operations() == ["invoke", "invoke"]


def assert_two(stream: Stream) -> None:
    """Both choices are whole, and each ends once."""
    assert stream.done
    for index in (0, 1):
        assert stream.text(index) == serving.HOSTILE
        assert stream.finishes(index) == ["stop"]
        assert [delta["role"] for delta in stream.deltas(index) if "role" in delta] == ["assistant"]


def test_a_container_without_stream_options(gateway: Gateway, emulated: Emulated) -> None:
    """A container that answers 400 to `stream_options` is asked again without, and remembered.

    The usage record that nobody asked for is not worth a failure.
    """
    refusal = '{"error":{"message":"stream_options is not supported","code":400}}'
    emulated.fault("chat", "model_error", status=400, message=refusal, operation="stream", times=1)

    first = gateway.stream("forget-usage")
    gateway.stream("forget-usage")

    assert first.status == 200
    assert first.done
    bodies = [entry["body"] for entry in emulated.requests()]
    assert ["stream_options" in body for body in bodies] == [True, False, False]
