"""What LiteLLM is known to get wrong: streams."""

import pytest

from tests.compat import scripted_container, serving
from tests.live import serving as live
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.test_hostile_cuts import assert_whole

pytestmark = pytest.mark.xdist_group("compat")
USAGE = {"stream_options": {"include_usage": True}}
ROUTES = ("text", "text-tgi", "lmi", "static", "chat", "nova", "openai")


@pytest.mark.parametrize("shape", serving.TEXT_SHAPES)
def test_29_every_stream_shape_gives_text(gateway: Gateway, emulated: Emulated, shape: str) -> None:
    """Records of every shape, or a whole answer instead of them, are text on `sagemaker/`."""
    emulated.fault(f"shape-{shape.replace('_', '-')}", "cuts", cuts="random:3")

    stream = gateway.stream(f"shape-{shape}")

    assert "Where is Köln?" in stream.text()
    assert stream.finishes() == ["stop"]
    if shape in serving.STREAMED_SHAPES:
        assert emulated.operations() == ["stream"]
        assert len(stream.chunks) > 5


def test_30_white_space_survives(gateway: Gateway) -> None:
    """Leading spaces and newlines arrive, special tokens (TGI ends with one) do not."""
    assert_whole(gateway.stream("hostile"), live.HOSTILE, "hostile")


def test_30_first_tokens_are_not_held_back(gateway: Gateway, emulated: Emulated) -> None:
    """A token that could begin a mark is given at once: it is there when the next one fails."""
    emulated.fault("a", "stream_error", after=1)

    stream = gateway.stream("a")

    assert stream.text() == "a"
    assert stream.error is not None


@pytest.mark.parametrize("model", [*ROUTES, "scripted", "text-whole", "chat-whole"])
def test_31_the_role_comes_first(gateway: Gateway, model: str) -> None:
    """The first delta, and no other, has the role, whatever the container sends."""
    roles = [delta.get("role") for delta in gateway.stream(model).deltas()]

    assert roles == ["assistant"] + [None] * (len(roles) - 1)


@pytest.mark.parametrize("model", ["text", "chat"])
@pytest.mark.parametrize("fault", ["truncated_frame", "no_finish", "reset_mid_stream"])
def test_32_a_cut_stream_is_an_error(
    gateway: Gateway, emulated: Emulated, model: str, fault: str
) -> None:
    """A stream that breaks inside a frame, or before its finish mark, is never a clean stop."""
    emulated.fault(model, fault)

    stream = gateway.stream(model)

    assert stream.error is not None
    assert stream.finishes() == []
    assert "[DONE]" not in stream.events


@pytest.mark.parametrize("model", ["text", "chat"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [("StreamBroken", "upstream_error"), ("ModelInvocationTimeExceeded", "timeout_error")],
)
def test_33_errors_within_a_stream_are_typed(
    gateway: Gateway, emulated: Emulated, model: str, code: str, kind: str
) -> None:
    """A late failure is one event with an error of its type, and no end mark behind it."""
    emulated.fault(model, "stream_error", after=3, code=code)

    stream = gateway.stream(model)

    assert stream.error is not None
    assert set(stream.error) == {"message", "type", "param", "code"}
    assert stream.error["type"] == kind
    assert "[DONE]" not in stream.events


@pytest.mark.parametrize("model", ["text-whole", "chat-whole"])
def test_34_a_whole_body_becomes_chunks(gateway: Gateway, model: str) -> None:
    """A complete JSON document answered to a streaming call is cut into chunks."""
    text = gateway.text(model)

    assert_whole(gateway.stream(model), text, model)
    assert len(gateway.stream(model).chunks) > 5


def test_35_chunks_keep_what_the_container_says(gateway: Gateway) -> None:
    """`finish_reason: null`, the container's id and time, and unknown fields are kept."""
    chunks = gateway.stream("scripted").chunks

    assert {chunk["id"] for chunk in chunks} == {scripted_container.ID}
    assert {chunk["created"] for chunk in chunks} == {scripted_container.CREATED}
    assert chunks[0]["kv_transfer"] == {"x": 1}
    assert chunks[0]["choices"][0]["token_ids"] == [1]
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert reasons == [None, None, None, "stop"]
    assert chunks[-1]["choices"][0]["stop_reason"] == 7


def test_36_a_usage_record_that_nobody_asked_for(gateway: Gateway) -> None:
    """The container's record is forwarded only to who asked, and then as it is."""
    unasked = gateway.stream("scripted")
    asked = gateway.stream("scripted", **USAGE)

    assert not any(chunk.get("usage") for chunk in unasked.chunks)
    assert unasked.text() == asked.text() == scripted_container.TEXT
    assert asked.chunks[-1]["usage"] == scripted_container.USAGE
    assert asked.chunks[-1]["choices"] == []


@pytest.mark.parametrize("model", ROUTES)
def test_36_numbers_are_never_invented_unmarked(gateway: Gateway, model: str) -> None:
    """`include_usage` gives one record at the end; what is estimated in it is marked."""
    stream = gateway.stream(model, **USAGE)

    records = [chunk["usage"] for chunk in stream.chunks if chunk.get("usage")]
    assert len(records) == 1
    assert records[0].get("estimated", False) is (model in {"lmi", "static"})
