"""What a gateway holds at one moment, as Linux and the gateway itself tell it.

Sizes are in bytes, times in seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Final

from benchmarks.connection import Connection
from benchmarks.processes import Process
from benchmarks.statistic import percentile
from benchmarks.targets.target import CALLER_KEY, Target

_METRICS: Final = (
    f"GET /metrics HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {CALLER_KEY}\r\n\r\n"
).encode()
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How things stand.

    Args:
        at: Seconds since the start.
        visits: That have ended since then.
        resident: Bytes in memory.
        private: Bytes in memory that the process shares with nobody.
        files: Open files, sockets among them.
        threads: Threads.
        requests: Requests under way, as its metrics tell.
        streams: Open streams, the same.
        tries: Calls upstream, the same.
        tasks: Of its event loop, the same.
        p99: Seconds of one plain answer in a hundred, lately.
        cpu: Processor seconds since the start.
    """

    at: float
    visits: int
    resident: int
    private: int
    files: int
    threads: int
    requests: int
    streams: int
    tries: int
    tasks: int
    p99: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Soaked:
    """What was read before anybody came, while clients came, and once all had gone.

    `wrong` says what was wrong with answers.
    """

    readings: tuple[Reading, ...]
    rest: Reading
    wrong: tuple[str, ...]


async def read(
    target: Target, process: Process, *, at: float, visits: int, waited: Sequence[float]
) -> Reading:
    """Read.

    Args:
        target: The gateway.
        process: Its process.
        at: Seconds since the start.
        visits: That have ended since then.
        waited: Seconds of each plain answer, lately.
    """
    page = await _metrics(target)
    return Reading(
        at=at,
        visits=visits,
        resident=process.memory,
        private=process.private_memory,
        files=process.files,
        threads=process.threads,
        requests=gauge(page, "litellm_in_flight_requests") - 1,  # the one that asks for it
        streams=gauge(page, "sagegate_open_streams"),
        tries=gauge(page, "sagegate_deployment_in_flight"),
        tasks=gauge(page, "sagegate_tasks"),
        p99=percentile(waited, 0.99) if waited else nan,
        cpu=process.cpu,
    )


def gauge(page: str, name: str) -> int:
    """Give the sum of a metric's series on a page."""
    lines = (line for line in page.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
    return round(sum(float(line.rpartition(" ")[2]) for line in lines))


async def _metrics(target: Target) -> str:
    async with asyncio.timeout(_PATIENCE):
        connection = await Connection.open(target.address)
        try:
            return (await connection.ask(_METRICS)).body.decode()
        finally:
            connection.close()
