"""The log: one line a request, for machines or people."""

from __future__ import annotations

import logging

import orjson
import pytest

from adapters.base import Json
from adapters.errors import (
    AuthenticationFailed,
    ContextLengthExceeded,
    ModelError,
    Throttled,
    UpstreamError,
)
from proxy.telemetry import logs
from tests.proxy.telemetry.calls import new_call, tried

pytestmark = pytest.mark.usefixtures("own_logging")


def lines(capsys: pytest.CaptureFixture[str]) -> list[Json]:
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_good_call_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Who asked what of which deployment, how it ended, and how long it took."""
    logs.configure(as_json=True)
    call = new_call()
    call.answered()
    call.usage = {"prompt_tokens": 3, "completion_tokens": 4}
    logs.report_call(call)
    (line,) = lines(capsys)
    assert line["event"] == "call.finished"
    assert (line["status"], line["outcome"], line["level"]) == (200, "ok", "info")
    assert (line["prompt_tokens"], line["completion_tokens"]) == (3, 4)
    assert line["duration_ms"] >= line["first_byte_ms"] >= 0


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ModelError("bad", status=422, code="x", detail="all of it"), 422, "x"),
        (KeyError(), 500, None),
    ],
)
def test_a_failure_is_a_warning_with_its_reason(
    capsys: pytest.CaptureFixture[str], error: Exception, status: int, code: str | None
) -> None:
    """The operator's log holds the detail that the client never sees."""
    logs.configure(as_json=True)
    call = new_call()
    call.failed(error)
    logs.report_call(call)
    (line,) = lines(capsys)
    assert (line["status"], line["level"], line.get("error_code")) == (status, "warning", code)
    assert line["error_type"] == type(error).__name__
    assert line.get("detail") == getattr(error, "detail", None)


def test_a_containers_own_words_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """They may quote the prompt; the gateway's own words are logged."""
    logs.configure(as_json=True)
    quoting = (ModelError("PROMPT"), ContextLengthExceeded("PROMPT"), Throttled("PROMPT"))
    for error in (*quoting, UpstreamError("SageMaker can't be reached.")):
        call = new_call()
        call.failed(error)
        logs.report_call(call)
    *silent, told = lines(capsys)
    assert "PROMPT" not in str(silent)
    assert told["error"] == "SageMaker can't be reached."


def test_a_refusal_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A request that never became a call is seen all the same, such as one with a wrong key."""
    logs.configure(as_json=True)
    logs.report_refusal("c1", "10.0.0.1", "GET", "/v1/models", AuthenticationFailed("no"))
    (line,) = lines(capsys)
    assert (line["event"], line["status"], line["path"]) == ("request.refused", 401, "/v1/models")


def test_tries_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there were several tries each has its deployment, its end and its times."""
    logs.configure(as_json=True)
    call = new_call(size=9, at_the_door=0.5)
    first = tried(call, "a", Throttled("busy"))
    first.meter.sent, first.meter.component = 10, "part"
    logs.report_call(call)
    second = tried(call, "b")
    second.meter.sent, second.meter.received, second.meter.component = 10, 30, "other"
    logs.report_call(call)
    alone, line = lines(capsys)
    assert "tries" not in alone
    assert (alone["attempts"], alone["component"], alone["queue_ms"]) == (1, "part", 500)
    assert (line["request_bytes"], line["sent_bytes"], line["received_bytes"]) == (9, 20, 30)
    told = [(each["deployment"], each["status"], each["error_type"]) for each in line["tries"]]
    assert told == [("a", 429, "Throttled"), ("b", 200, None)]
    assert all(each["upstream_ms"] >= 0 for each in line["tries"])


def test_a_client_that_left_is_499(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody failed: the client went away."""
    logs.configure(as_json=True)
    call = new_call()
    call.gone()
    logs.report_call(call)
    assert lines(capsys)[0]["status"] == 499


def test_a_call_that_the_end_cuts_is_503(capsys: pytest.CaptureFixture[str]) -> None:
    """The client did not leave: the process ended before the answer."""
    logs.configure(as_json=True)
    call = new_call()
    call.drain.cut = True
    call.gone()
    logs.report_call(call)
    (line,) = lines(capsys)
    told = (line["outcome"], line["status"], line["error_code"])
    assert told == ("cut", 503, "shutting_down")


def test_other_libraries_lines_look_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """What the server and the adapters log through Python's logging has the same form."""
    logs.configure(as_json=True)
    logging.getLogger("some.library").warning("hello %s", "there")
    (line,) = lines(capsys)
    assert (line["event"], line["logger"], line["level"]) == (
        "hello there",
        "some.library",
        "warning",
    )


def test_people_get_text_and_levels_are_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal lines are for reading; below the level there are none."""
    logs.configure(as_json=False, level=logging.WARNING)
    call = new_call()
    logs.report_call(call)
    assert capsys.readouterr().err == ""
    call.failed(ModelError("bad"))
    logs.report_call(call)
    assert "call.finished" in capsys.readouterr().err
