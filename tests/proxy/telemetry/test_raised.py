"""What the log has of an error: its type and its place, and a traceback for those who debug."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import orjson
import pytest
import structlog

from adapters.base import Json
from adapters.errors import ConfigError
from adapters.sagemaker.hosts import check_endpoint_name
from proxy.routing.call import Call, tell
from proxy.telemetry import logs

AWS = ("aiobotocore.credentials", "botocore.hooks", "aioboto3", "boto3.resources", "urllib3.pool")


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    parents = [logging.getLogger(name.partition(".")[0]) for name in AWS]
    levels = [each.level for each in parents]
    yield
    root.handlers[:], root.level = handlers, level
    for each, was in zip(parents, levels, strict=True):
        each.setLevel(was)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[Json]:
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def broken(_: Call) -> None:
    raise RuntimeError("PROMPT")


def report() -> None:
    """Let our own code log what somebody else's raised."""
    tell(broken, Call(id="c1", task="chat", model="m", caller="me", stream=False))


def test_type_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    """A line names the type, our innermost line and the one that raised; not what was said."""
    logs.configure(as_json=True)
    report()
    (line,) = lines(capsys)
    assert (line["event"], line["error_type"]) == ("call.report_failed", "RuntimeError")
    assert re.fullmatch(r"proxy/routing/call\.py:\d+ > test_raised\.py:\d+", line["error_at"])
    assert "PROMPT" not in str(line)


def test_a_place_of_our_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Where our own code raised, its line alone is told, in each way of logging an error."""
    logs.configure(as_json=True)
    log = logging.getLogger("some.library")
    try:
        check_endpoint_name("PROMPT_")
    except ConfigError as error:
        log.exception("it.failed")
        log.warning("it.failed", exc_info=error)
        structlog.stdlib.get_logger("sagegate").error("it.failed", exc_info=error, stack_info=True)
    for line in (said := lines(capsys)):
        assert line["error_type"] == "ConfigError"
        assert re.fullmatch(r"adapters/sagemaker/hosts\.py:\d+", line["error_at"])
        assert "PROMPT" not in str(line)
    assert len(said) == 3


def test_errors_without_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that nobody raised has none; a line without an error says nothing of one."""
    logs.configure(as_json=True)
    log = logging.getLogger("some.library")
    log.error("it.failed", exc_info=ValueError("PROMPT"))
    log.error("it.failed", exc_info=True)  # noqa: LOG014 - others do so
    first, second = lines(capsys)
    assert (first["error_type"], first["error_at"]) == ("ValueError", None)
    assert "error_type" not in second


@pytest.mark.parametrize("as_json", [True, False])
def test_tracebacks_for_those_who_debug(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    """With DEBUG the whole traceback is there; without it neither people nor machines get one."""
    logs.configure(as_json=as_json, level=logging.DEBUG)
    report()
    assert "Traceback (most recent call last)" in capsys.readouterr().err
    logs.configure(as_json=as_json)
    logging.getLogger("some.library").error("it.failed", exc_info=ValueError("PROMPT"))
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "PROMPT" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", AWS)
def test_awss_libraries_are_silent(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """What they say, tracebacks too, is in lines of our own; those who debug see their news."""
    logs.configure(as_json=True)
    logging.getLogger(name).error("Refreshing failed.", exc_info=ValueError("secret"))
    assert lines(capsys) == []
    logs.configure(as_json=True, level=logging.DEBUG)
    logging.getLogger(name).info("Found credentials.")
    logging.getLogger(name).debug("secret")
    (line,) = lines(capsys)
    assert line["event"] == "Found credentials."
