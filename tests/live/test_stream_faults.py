"""Faults inside a stream: what came before them arrives, and the end is an error, never a stop."""

import json
from typing import Any

import pytest

from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of

MODELS = ("tgi", "chat", "lines")
#: Fault, options, status before the first record, error type.
BREAKS: list[tuple[str, dict[str, Any], int, str]] = [
    ("stream_error", {}, 502, "upstream_error"),
    ("stream_error", {"code": "ModelInvocationTimeExceeded"}, 504, "timeout_error"),
    ("stream_failure", {}, 502, "upstream_error"),
    ("error_frame", {}, 502, "upstream_error"),
    ("error_frame", {"code": "ThrottlingException"}, 429, "rate_limit_error"),
    ("truncated_frame", {}, 502, "upstream_error"),
    ("corrupted_crc", {}, 502, "upstream_error"),
    ("corrupted_crc", {"crc": "prelude"}, 502, "upstream_error"),
    ("reset_mid_stream", {}, 502, "upstream_error"),
]
IDS = ["-".join([fault, *options.values()]) for fault, options, *_ in BREAKS]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("fault", "options", "status", "kind"), BREAKS, ids=IDS)
def test_before_the_first_record(
    gateway: Gateway,
    emulated: Emulated,
    model: str,
    fault: str,
    options: dict[str, Any],
    status: int,
    kind: str,
) -> None:
    """A stream that breaks before its first record is JSON with a real status (case F1)."""
    emulated.fault(model, fault, after=0, **options)

    answer = gateway.post(
        "/v1/chat/completions", {"model": model, "messages": HELLO, "stream": True}
    )

    assert answer.status_code == status
    assert error_of(answer)["type"] == kind
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("fault", "options", "status", "kind"), BREAKS, ids=IDS)
@pytest.mark.parametrize("after", [1, 5])
def test_after_some_records(
    gateway: Gateway,
    emulated: Emulated,
    model: str,
    fault: str,
    options: dict[str, Any],
    status: int,
    kind: str,
    after: int,
) -> None:
    """What came whole is delivered, then one typed SSE error and no `[DONE]` (cases F2, F4)."""
    whole = [delta.get("content") for delta in gateway.stream(model).deltas()]
    emulated.fault(model, fault, after=after, **options)

    stream = gateway.stream(model)

    records = after + 1 if model == "tgi" else after  # TGI's stream has no role record
    assert stream.status == 200
    assert [delta.get("content") for delta in stream.deltas()] == whole[:records]
    assert len(stream.events) == records + 1
    assert stream.finishes() == []
    assert stream.error is not None
    assert set(stream.error) == {"message", "type", "param", "code"}
    assert stream.error["type"] == kind
    assert stream.error["code"] in {str(status), "connection_lost"}
    assert "[DONE]" not in stream.events


@pytest.mark.parametrize("model", MODELS)
def test_without_the_finish_mark(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """A stream that ends cleanly but before its finish mark is an error, the text is whole."""
    text = gateway.text(model)
    emulated.fault(model, "no_finish")

    stream = gateway.stream(model)

    assert stream.text() == text
    assert stream.finishes() == []
    assert stream.error is not None
    assert "[DONE]" not in stream.events


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("after", [0, 1, 4])
def test_unknown_events_are_passed_over(
    gateway: Gateway, emulated: Emulated, model: str, after: int
) -> None:
    """An event of a type that nobody knows changes nothing."""
    emulated.fault(model, "unknown_event", after=after)

    stream = gateway.stream(model)

    assert stream.done
    assert stream.text() == gateway.text(model)


@pytest.mark.parametrize("model", MODELS)
def test_a_whole_answer_that_breaks_off(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """Half a document is a 502, never half an answer."""
    emulated.fault(model, "reset_mid_stream", operation="invoke")

    answer = gateway.chat(model)

    assert answer.status_code == 502
    assert error_of(answer)["code"] == "connection_lost"


def test_a_broken_stream_is_logged_as_failed(gateway: Gateway, emulated: Emulated) -> None:
    """The log tells a failure after the first byte, with its type and AWS's request id."""
    emulated.fault("chat", "stream_error", after=3)
    mark = len(gateway.process.err)

    gateway.stream("chat")

    line = gateway.process.wait_for_line("call.finished", since=mark)
    logged = json.loads(line)
    assert logged["outcome"] == "failed"
    assert logged["status"] == 502
    assert logged["aws_request_id"] == emulated.only()["request_id"]
