"""Small requests beside large prompts: by how much does one client's prompt delay the others?

Knows who asks when; refuses to know where in a gateway the time goes.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import orjson

from benchmarks.cells import Cell
from benchmarks.connection import Connection
from benchmarks.processes import Process
from benchmarks.questions import Question
from benchmarks.statistic import percentile
from benchmarks.targets.target import Target

_MEGABYTE: Final = 1024 * 1024
#: Small clients, and the seconds from one question of each to its next: a quarter of a core or so.
_CLIENTS, _EVERY = 16, 0.05
#: Seconds from a large answer to the next large question.
_PAUSE: Final = 0.1
_SMALL = Cell(name="small", clients=_CLIENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """What small requests wait for, in seconds.

    Args:
        beside: The large prompts that were asked meanwhile.
        small: Answers to small requests.
        large: Answers to large ones.
        p50: Of the small ones.
        p99: The same.
        longest: The same.
        cpu: Processor seconds for a large one, asked by itself.
        wait: The median answer's time for a large one, asked by itself.
    """

    beside: str
    small: int
    large: int
    p50: float
    p99: float
    longest: float
    cpu: float
    wait: float


def text(megabytes: float) -> object:
    """Give a message's content: a text with some characters that JSON escapes."""
    line = 'The quick brown fox says "jump" over the lazy dog, and naïve readers nod.\n'
    return line * int(megabytes * _MEGABYTE / len(orjson.dumps(line)))


def image(megabytes: float) -> object:
    """Give a message's content: a question and a picture as a data URL."""
    data = base64.b64encode(bytes(range(256)) * int(megabytes * _MEGABYTE * 3 / 4 / 256)).decode()
    return [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
    ]


#: What is asked beside the small ones.
PROMPTS: Final[dict[str, Callable[[float], object] | None]] = {
    "nothing": None,
    "text": text,
    "image": image,
}


async def measure(
    target: Target, process: Process, beside: str, *, megabytes: float, seconds: float
) -> Delay:
    """Ask for some seconds.

    Args:
        target: The gateway.
        process: Its process.
        beside: One of `PROMPTS`.
        megabytes: Of a large prompt.
        seconds: For how long.

    Raises:
        WrongAnswer: an answer was not exact.
    """
    content = PROMPTS[beside]
    large = None if content is None else _large(target, content(megabytes))
    cpu, wait = (0.0, 0.0) if large is None else await _alone(target, process, large, seconds / 2)
    small, count = await _together(target, large, seconds)
    return Delay(
        beside=beside,
        small=len(small),
        large=count,
        p50=percentile(small, 0.5),
        p99=percentile(small, 0.99),
        longest=max(small),
        cpu=cpu,
        wait=wait,
    )


def _large(target: Target, content: object) -> Question:
    """Give a small question with another content."""
    small = target.ask(_SMALL)
    head, _, body = small.request.partition(b"\r\n\r\n")
    asked = orjson.loads(body)
    asked["messages"][0]["content"] = content
    more = orjson.dumps(asked)
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
    lines.append(b"content-length: %d" % len(more))
    return replace(small, request=b"\r\n".join([*lines, b"", more]))


async def _alone(
    target: Target, process: Process, large: Question, seconds: float
) -> tuple[float, float]:
    """Give the processor seconds of one large request, and how long its answer took."""
    connection = await Connection.open(target.address)
    waited: list[float] = []
    try:
        large.check(await connection.ask(large.request))
        before, began = process.cpu, perf_counter()
        while not waited or perf_counter() - began < seconds:
            answer = await connection.ask(large.request)
            large.check(answer)
            waited.append(answer.ended - answer.asked)
        return (process.cpu - before) / len(waited), percentile(waited, 0.5)
    finally:
        connection.close()


async def _together(
    target: Target, large: Question | None, seconds: float
) -> tuple[list[float], int]:
    """Give the seconds of each small answer, and how many large ones there were."""
    small, waited = target.ask(_SMALL), list[float]()
    ends = perf_counter() + seconds
    count = 0

    async def ask_small(number: int) -> None:
        connection = await Connection.open(target.address)
        await asyncio.sleep(_EVERY * number / _CLIENTS)
        while (now := perf_counter()) < ends:
            answer = await connection.ask(small.request)
            small.check(answer)
            waited.append(answer.ended - answer.asked)
            await asyncio.sleep(now + _EVERY - perf_counter())
        connection.close()

    async def ask_large(question: Question) -> None:
        nonlocal count
        connection = await Connection.open(target.address)
        while perf_counter() < ends:
            question.check(await connection.ask(question.request))
            count += 1
            await asyncio.sleep(_PAUSE)
        connection.close()

    async with asyncio.TaskGroup() as group:
        for number in range(_CLIENTS):
            group.create_task(ask_small(number))
        if large is not None:
            group.create_task(ask_large(large))
    return waited, count
