"""What a request costs beside connections that nobody uses."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from typing import Final

import uvloop

from benchmarks import load
from benchmarks.connection import Connection
from benchmarks.growth.paired import CELL, process_of
from benchmarks.statistic import Spread, paired
from benchmarks.targets.target import Target

#: Connections that are opened at once.
_AT_ONCE: Final = 100
_OTHER_FILES: Final = 200


@dataclass(frozen=True, slots=True)
class Beside:
    """What so many idle connections change.

    Args:
        connections: How many.
        ratio: Processor time for an answer with them, to that without.
        memory: Bytes for each of them.
    """

    connections: int
    ratio: Spread
    memory: float


def measure(target: Target, connections: int, *, rounds: int, seconds: float) -> Beside:
    """Ask with and without idle connections, in turn.

    Raises:
        WrongAnswer: an answer was not exact.
    """
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(files, min(connections + _OTHER_FILES, most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return uvloop.run(_measure(target, connections, rounds, seconds))


async def _measure(target: Target, connections: int, rounds: int, seconds: float) -> Beside:
    process = process_of(target)
    await _cost(target, seconds)
    without, beside, sizes = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        without.append(await _cost(target, seconds))
        before = process.memory
        idle = await _opened(target, connections)
        sizes.append((process.memory - before) / connections)
        beside.append(await _cost(target, seconds))
        for each in idle:
            each.close()
        await asyncio.sleep(0.5)
    return Beside(connections, paired(beside, without), sizes[0])


async def _opened(target: Target, count: int) -> list[Connection]:
    """Open connections that were used once, as those that are kept have been."""
    question, opened = target.ask(CELL), list[Connection]()
    while len(opened) < count:
        few = min(_AT_ONCE, count - len(opened))
        more = [await Connection.open(target.address) for _ in range(few)]
        for answer in await asyncio.gather(*(each.ask(question.request) for each in more)):
            question.check(answer)
        opened += more
    return opened


async def _cost(target: Target, seconds: float) -> float:
    """Give the processor seconds of an answer."""
    process = process_of(target)
    before = process.cpu
    timing = await load.run(target.address, target.ask(CELL), CELL, seconds)
    return (process.cpu - before) / timing.answers
