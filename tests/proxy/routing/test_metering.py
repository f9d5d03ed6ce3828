"""What is measured of calls upstream: the time that is waited, and the bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from adapters.base import Head, Limits, Payload, Reply, Target, UpstreamStream
from adapters.errors import Throttled
from proxy.routing.metering import Meter, Metered, Stopwatch
from tests.proxy.telemetry.calls import member

TARGET = member("d").endpoint.target
PAUSE = 0.05


class SlowStream:
    head = Head()

    def __init__(self) -> None:
        self.closed = False

    @property
    def chunks(self) -> AsyncIterator[bytes]:
        return self._parts()

    async def _parts(self) -> AsyncIterator[bytes]:
        for part in (b"ab", b"cde"):
            await asyncio.sleep(PAUSE)
            yield part

    async def aclose(self) -> None:
        self.closed = True


class SlowInvoker:
    """Takes its time for everything."""

    def __init__(self) -> None:
        self.stream = SlowStream()

    async def invoke(self, target: Target, payload: Payload, limits: Limits) -> Reply:
        del target, limits
        await asyncio.sleep(PAUSE)
        if payload.body == b"fail":
            raise Throttled("busy")
        return Reply(head=Head(), body=b"answer")

    async def open_stream(self, target: Target, payload: Payload, limits: Limits) -> UpstreamStream:
        del target, payload, limits
        await asyncio.sleep(PAUSE)
        return self.stream


async def test_calls_side_by_side_count_once() -> None:
    """Four calls at once are one wait; their bytes are all counted."""
    meter = Meter()
    way = Metered(SlowInvoker(), meter)
    began = time.monotonic()
    await asyncio.gather(*(way.invoke(TARGET, Payload(body=b"1234"), Limits()) for _ in range(4)))
    assert PAUSE / 2 < meter.wait.seconds <= time.monotonic() - began
    assert (meter.sent, meter.received) == (16, 24)


async def test_a_failure_was_waited_for() -> None:
    """The wait for a refusal counts as well."""
    meter = Meter()
    with pytest.raises(Throttled):
        await Metered(SlowInvoker(), meter).invoke(TARGET, Payload(body=b"fail"), Limits())
    assert meter.wait.seconds > PAUSE / 2
    assert meter.received == 0


async def test_a_stream_is_waited_for_while_it_is_read() -> None:
    """Its opening and its parts count; what the reader does in between does not."""
    meter, invoker = Meter(), SlowInvoker()
    stream = await Metered(invoker, meter).open_stream(TARGET, Payload(body=b"1"), Limits())
    waited = 0.0
    began = time.monotonic()
    async for _ in stream.chunks:
        before = meter.wait.seconds
        await asyncio.sleep(PAUSE)
        waited += PAUSE
        assert meter.wait.seconds == before
    await stream.aclose()
    assert invoker.stream.closed
    assert meter.received == 5
    assert meter.wait.seconds <= time.monotonic() - began - waited + 2 * PAUSE


def test_a_running_stopwatch_can_be_read() -> None:
    """It says what has passed so far."""
    watch = Stopwatch()
    assert watch.seconds == 0
    watch.begin()
    first = watch.seconds
    while watch.seconds <= first:
        pass
    watch.end()
    assert watch.seconds > first
