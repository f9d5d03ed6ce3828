"""Streams opened before a gateway and held; what it takes for them.

Knows what is counted when; refuses to know how processes are started. Processor time hardly
changes with whatever else runs on a machine, rates do: so there is no rate here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.cells import Cell
from benchmarks.connection import Connection
from benchmarks.processes import Process
from benchmarks.streams.reader import Reader
from benchmarks.targets.target import Target

#: Streams that are begun at once, so that nobody waits for a connection.
_AT_ONCE = 20
#: Seconds for all streams to begin.
_PATIENCE = 120.0
#: Whole answers before anything is measured, and those that are.
_WARM, _PLAIN = 200, 1000
_CLIENTS = 16
#: Seconds for a process to notice that its clients have gone.
_MOMENT = 2.0

PLAIN = Cell(name="whole answers", clients=_CLIENTS)
SLOW = Cell(name="slow streams", clients=1, endpoint="chat-paced", stream=True)


class TooSlow(Exception):
    """Not all streams are open in time, or one has ended too soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What so many open streams cost.

    Args:
        streams: How many were open at once.
        idle: Bytes of memory before, after some whole answers.
        held: Bytes with all streams open.
        after: Bytes once all have gone.
        files: Open files with all streams open, less those before.
        opening: Processor seconds to begin one, with its first events.
        event: Processor seconds for one event of a stream.
        answer: Processor seconds for one whole answer.
        events_a_second: How many there were while that was measured.
    """

    streams: int
    idle: int
    held: int
    after: int
    files: int
    opening: float
    event: float
    answer: float
    events_a_second: float

    @property
    def memory_each(self) -> float:
        """Bytes for one open stream."""
        return (self.held - self.idle) / self.streams


async def measure(target: Target, process: Process, streams: int, seconds: float) -> Cost:
    """Open so many streams, hold them for so many seconds, and close them.

    Raises:
        TooSlow: there is nothing to measure.
    """
    await _answers(target, _WARM)
    before = process.cpu
    await _answers(target, _PLAIN)
    answer = (process.cpu - before) / _PLAIN
    idle, files = process.memory, process.files
    readers: list[Reader] = []
    try:
        begun = process.cpu
        await _open(readers, target, streams)
        opened, seen, at = process.cpu, _events(readers), perf_counter()
        held = await _hold(readers, process, seconds)
        events, took = _events(readers) - seen, perf_counter() - at
        event = (process.cpu - opened) / events
        more_files = process.files - files
    finally:
        for reader in readers:
            reader.close()
        await asyncio.sleep(_MOMENT)
    return Cost(
        streams=streams,
        idle=idle,
        held=held,
        after=process.memory,
        files=more_files,
        opening=max((opened - begun - seen * event) / streams, 0.0),
        event=event,
        answer=answer,
        events_a_second=events / took,
    )


async def _hold(readers: Sequence[Reader], process: Process, seconds: float) -> int:
    """Wait; give the most memory that was held meanwhile, in bytes."""
    held = process.memory
    for _ in range(max(int(seconds), 1)):
        await asyncio.sleep(1)
        held = max(held, process.memory)
    if not all(reader.streams for reader in readers):
        raise TooSlow("a stream has ended: hold them for less long, or slow them down")
    return held


async def _answers(target: Target, count: int) -> None:
    """Have so many whole answers, a few at a time, each of them checked."""
    question = target.ask(PLAIN)
    connections = [await Connection.open(target.address) for _ in range(_CLIENTS)]

    async def ask(connection: Connection) -> None:
        for _ in range(count // _CLIENTS):
            question.check(await connection.ask(question.request))

    await asyncio.gather(*map(ask, connections))
    for connection in connections:
        connection.close()


async def _open(readers: list[Reader], target: Target, count: int) -> None:
    """Begin so many streams, and wait until all of them go on."""
    loop, request = asyncio.get_running_loop(), target.ask(SLOW).request
    ends = perf_counter() + _PATIENCE
    while len(readers) < count or not all(reader.streams for reader in readers):
        if perf_counter() > ends or not all(reader.is_open for reader in readers):
            raise TooSlow(f"of {count} streams {len(readers)} were begun, and some did not go on")
        for _ in range(min(_AT_ONCE, count - len(readers))):
            connecting = loop.create_connection(
                lambda: Reader(request), "127.0.0.1", target.address.port
            )
            readers.append((await connecting)[1])
        await asyncio.sleep(0.05)


def _events(readers: Sequence[Reader]) -> int:
    return sum(reader.events for reader in readers)
