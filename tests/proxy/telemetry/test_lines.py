"""Lines of JSON: what they look like, and whoever else listens."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from datetime import UTC, datetime

import pytest

from proxy.telemetry import lines, logs
from tests.proxy.telemetry.calls import new_call

pytestmark = pytest.mark.usefixtures("own_logging")

OWN = logging.getLogger("sagegate")


class Kept(logging.Handler):
    """Somebody else's handler."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class Broken(io.StringIO):
    """A standard error that nobody reads any more."""

    def write(self, s: str, /) -> int:
        raise BrokenPipeError(s)


@pytest.mark.parametrize("logger", ["", "sagegate"])
def test_other_handlers_have_every_record(logger: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A library that listens to Python's logging, at any level of it, misses no call."""
    logs.configure(as_json=True)
    kept = Kept()
    logging.getLogger(logger).addHandler(kept)
    try:
        logs.report_call(new_call())
    finally:
        logging.getLogger(logger).removeHandler(kept)
    assert [record.levelname for record in kept.records] == ["INFO"]
    assert capsys.readouterr().err.count("call.finished") == 1


def test_both_ways_write_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Whether somebody listens changes nothing of the line but its time."""
    logs.configure(as_json=True)
    call = new_call(size=7)
    logs.report_call(call)
    OWN.addFilter(kept := logging.Filter())
    try:
        logs.report_call(call)
    finally:
        OWN.removeFilter(kept)
    short, long = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    changing = ("timestamp", "duration_ms")
    assert short.keys() == long.keys()
    assert [short[key] for key in short if key not in changing] == [
        long[key] for key in short if key not in changing
    ]
    assert len(short["timestamp"]) == len(long["timestamp"])


def test_filters_and_levels_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """What an operator's own code has silenced stays silent."""
    logs.configure(as_json=True)
    (handler,) = logging.getLogger().handlers
    handler.setLevel(logging.ERROR)
    logs.report_call(new_call())
    handler.setLevel(logging.NOTSET)
    handler.addFilter(lambda record: False)  # noqa: ARG005 - it takes one
    logs.report_call(new_call())
    OWN.setLevel(logging.ERROR)
    try:
        logs.report_call(new_call())
    finally:
        OWN.setLevel(logging.NOTSET)
    assert capsys.readouterr().err == ""


def test_a_log_that_nobody_reads_fails_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with every record of Python's logging, what can't be written is lost."""
    monkeypatch.setattr(sys, "stderr", Broken())
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logs.configure(as_json=True)
    logs.report_call(new_call())


def test_lines_are_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that a client calls itself ends a line, for any reader, in any encoding."""
    logs.configure(as_json=True)
    name = "é\u2028\x85\udc80\nx"
    logs.report_call(new_call(model=name))
    told = capsys.readouterr().err
    assert told.isascii()
    (line,) = told.splitlines()
    assert json.loads(line)["model"] == name


def test_what_json_has_no_word_for_is_told() -> None:
    """Objects in other libraries' lines are told by their own word, large numbers as they are."""
    told = json.loads(lines.dumped({"what": ValueError("x"), "many": 1 << 70, 1: 2}))
    assert told == {"what": "ValueError('x')", "many": 1 << 70, "1": 2}


def test_times_are_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line has its own time, to the microsecond, as ISO 8601 writes it."""
    logs.configure(as_json=True)
    before = datetime.now(UTC)
    logs.report_call(new_call())
    time.sleep(0.002)
    logs.report_call(new_call())
    first, second = (
        datetime.fromisoformat(json.loads(line)["timestamp"])
        for line in capsys.readouterr().err.splitlines()
    )
    assert before <= first < second <= datetime.now(UTC)
