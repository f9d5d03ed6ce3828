"""Fixtures for the tests of the proxy."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from adapters.base import Json
from proxy.telemetry import logs


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


class Logged:
    """What is logged as JSON from `begin` on; not before a test runs is its output its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def begin(self) -> None:
        """Log to this test."""
        logs.configure(as_json=True)

    def lines(self) -> list[Json]:
        """Give what was logged since they were asked for last."""
        return [orjson.loads(line) for line in self._capsys.readouterr().err.splitlines()]


@pytest.fixture
def logged(own_logging: None, capsys: pytest.CaptureFixture[str]) -> Logged:
    """The log of a test that begins it."""
    del own_logging
    return Logged(capsys)
