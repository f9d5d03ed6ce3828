"""What `set_verbose` shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from adapters.base import Limits, Payload, Target
from adapters.sdk.verbose import VerboseInvoker
from tests.adapters.scripted import ScriptedInvoker

TARGET = Target(
    model="m",
    endpoint="e",
    region="eu-west-1",
    invoke_url="https://host/endpoints/e/invocations",
    stream_url="https://host/endpoints/e/invocations-response-stream",
)
PAYLOAD = Payload(body=b'{"inputs":"Hi"}')


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The SDK's logger as nobody has set it up, and as it was afterwards."""
    named = logging.getLogger("sagegate.sdk")
    level = named.level
    named.setLevel(logging.NOTSET)
    yield named
    named.setLevel(level)


async def call(*, wanted: bool) -> None:
    script = ScriptedInvoker(replies=[{"a": 1}], streams=[[b"x"]])
    invoker = VerboseInvoker(script, lambda: wanted)
    await invoker.invoke(TARGET, PAYLOAD, Limits())
    await invoker.open_stream(TARGET, PAYLOAD, Limits())
    assert script.operations == ["invoke", "open_stream"]


async def test_requests_and_whole_answers_are_shown(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """Each request, and each whole answer; nobody needs to lower the logger's level."""
    del logger
    await call(wanted=True)
    assert [record.getMessage() for record in caplog.records] == [
        f'request: POST {TARGET.invoke_url} {{"inputs":"Hi"}}',
        'answer: {"a":1}',
        f'request: POST {TARGET.stream_url} {{"inputs":"Hi"}}',
    ]


async def test_it_is_silent_unless_it_is_wanted(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """Without `set_verbose` nothing is logged, and logging is left as it is."""
    await call(wanted=False)
    assert caplog.records == []
    assert logger.level == logging.NOTSET
