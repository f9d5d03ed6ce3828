"""The order of a soak: clients come for minutes, readings are taken, everybody goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Final

from benchmarks.processes import Process
from benchmarks.soak.crowd import Crowd
from benchmarks.soak.reading import Reading, Soaked, read
from benchmarks.soak.verdict import table
from benchmarks.targets.target import Target

#: Readings of a soak that is shorter than half an hour; longer ones have one each minute.
_READINGS: Final = 30
_MINUTE: Final = 60.0
#: Seconds for a gateway to notice that everybody has gone.
_MOMENT: Final = 3.0


async def soak(
    target: Target,
    process: Process,
    *,
    minutes: float,
    rate: float,
    say: Callable[[str], None],
) -> Soaked:
    """Let clients come for some minutes; a wrong answer is kept for the end.

    Args:
        target: The gateway.
        process: Its process.
        minutes: How many.
        rate: Visits in a second.
        say: Told each reading.
    """
    crowd, began = Crowd(target, rate), perf_counter()
    cpu = process.cpu

    async def reading() -> Reading:
        found = await read(
            target,
            process,
            at=perf_counter() - began,
            visits=crowd.ended.total(),
            waited=crowd.waited(),
        )
        return replace(found, cpu=found.cpu - cpu)

    readings = [await reading()]
    interval = min(_MINUTE, minutes * _MINUTE / _READINGS)
    for _ in range(round(minutes * _MINUTE / interval)):
        await crowd.come(interval)
        readings.append(await reading())
        say(table(readings[-1:]).splitlines()[-1])
    await crowd.go()
    await asyncio.sleep(_MOMENT)
    return Soaked(tuple(readings), await reading(), tuple(crowd.wrong))
