"""The pages that have a line for each model, and a reload: how large, how long, who waits for them.

Knows their paths; refuses to know what is on them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.connection import Answer, Connection
from benchmarks.growth.paired import process_of
from benchmarks.load import ask_once
from benchmarks.questions import Question, WrongAnswer
from benchmarks.targets.target import CALLER_KEY, FIRST, Target

_OK: Final = 200
#: What is asked for; a reload twice, since the first one ends what the start has made.
ASKED: Final = ("GET /v1/models", "GET /metrics", *["POST /config/reload"] * 2)
_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Args:
        name: Its method and path.
        size: Bytes.
        seconds: Until it was there.
        cpu: Processor seconds for it, and for the small answers meanwhile.
        delay: Seconds of the slowest of those.
        memory: Bytes that the gateway holds then.
    """

    name: str
    size: int
    seconds: float
    cpu: float
    delay: float
    memory: int


async def measure(target: Target) -> Sequence[Page]:
    """Ask for each page, and for small answers meanwhile, one after the other.

    Raises:
        WrongAnswer: a page or an answer was not right.
    """
    return [await _page(target, name) for name in ASKED]


async def _page(target: Target, name: str) -> Page:
    process = process_of(target)
    small = asyncio.create_task(_slowest(target))
    await asyncio.sleep(0)
    before = process.cpu
    page = await _asked(target, name)
    cpu = process.cpu - before
    small.cancel()
    return Page(
        name=name,
        size=len(page.body),
        seconds=page.ended - page.asked,
        cpu=cpu,
        delay=await small,
        memory=process.memory,
    )


async def _asked(target: Target, name: str) -> Answer:
    request = f"{name} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {CALLER_KEY}\r\n"
    more = "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    connection = await Connection.open(target.address)
    try:
        async with asyncio.timeout(_PATIENCE):
            answer = await connection.ask((request + more).encode())
    finally:
        connection.close()
    if answer.status != _OK:
        raise WrongAnswer(f"{name}: status {answer.status}: {answer.body[:300]!r}")
    return answer


async def _slowest(target: Target) -> float:
    """Ask until cancelled; give the seconds of the slowest answer."""
    question: Question = target.ask(FIRST)
    slowest = 0.0
    try:
        while True:
            answer = await ask_once(target.address, question)
            slowest = max(slowest, answer.ended - answer.asked)
    except asyncio.CancelledError:
        return slowest
