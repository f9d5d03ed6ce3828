"""The wire between two processes: answers to their questions, and clear ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from proxy.lifecycle.wire import Wire, WireCut


async def echoed(question: Any) -> Any:
    """Answers with the question; `wait` never, `fail` with an error."""
    if question == "wait":
        await asyncio.Event().wait()
    if question == "fail":
        raise ValueError("a secret")
    return question


@asynccontextmanager
async def wires() -> AsyncIterator[tuple[Wire, Wire]]:
    """Give two ends that listen."""
    ends = [await Wire.connect(end, echoed) for end in socket.socketpair()]
    listening = [asyncio.create_task(each.listen()) for each in ends]
    yield ends[0], ends[1]
    for each in ends:
        each.close()
    await asyncio.gather(*listening)


async def test_both_ends_ask_at_once() -> None:
    """Many questions are under way both ways, large ones too, and each gets its own answer."""
    async with wires() as (one, other):
        questions = [{"n": number, "text": "x" * 100_000} for number in range(20)]
        asked = [*(one.ask(each) for each in questions), *(other.ask(each) for each in questions)]
        assert await asyncio.gather(*asked) == questions * 2


async def test_a_failure_is_told_and_logged() -> None:
    """What fails at the other end is an error here, without its words, and the wire lives on."""
    async with wires() as (one, _):
        with capture_logs() as logs, pytest.raises(WireCut, match=r"^ValueError$"):
            await one.ask("fail")
        assert [line["event"] for line in logs] == ["order.failed"]
        assert await one.ask(1) == 1


async def test_the_other_end_is_gone() -> None:
    """Whoever waits for an answer is told, and so is whoever asks later."""
    async with wires() as (one, other):
        waiting = asyncio.create_task(one.ask("wait"))
        await one.ask("there")
        other.close()
        with pytest.raises(WireCut):
            await waiting
        with pytest.raises(WireCut):
            await one.ask("late")


async def test_an_answer_that_nobody_waits_for() -> None:
    """Somebody who has given up leaves the wire as it was."""
    async with wires() as (one, _):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.ask("wait"), 0.01)
        assert await one.ask(2) == 2
