"""What is measured: of one run's answers, of the processes beside it, and of a target as a whole.

All times are in seconds, memory in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The answers of one run, as the clients saw them.

    Args:
        answers: How many; every one was exact.
        tokens: How many there were in them.
        seconds: From the first question to the last answer.
        p50: A whole answer's time, the median.
        p99: The same, of one in a hundred.
        first_p50: The time to the first token.
        first_p99: The same.
        gap_p99: The time between two reads of a stream; 0 where there are no streams.
        latest: By how much the latest answer exceeded its nominal time.
    """

    answers: int
    tokens: int
    seconds: float
    p50: float
    p99: float
    first_p50: float
    first_p99: float
    gap_p99: float
    latest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One target in one cell in one round.

    Args:
        cell: The cell's name.
        target: The target's name.
        round: Samples of the same round are a pair.
        timing: None where there was a wrong answer: the cell is void.
        fault: What was wrong.
        cpu: Processor seconds of all processes of the target.
        load_cpu: The same of the load generator and the fake runtime.
    """

    cell: str
    target: str
    round: int
    timing: Timing | None = None
    fault: str = ""
    cpu: float = 0.0
    load_cpu: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """A target's processes, all together.

    Args:
        target: The target's name.
        start: From its start to its first answer.
        memory_before: After that answer.
        memory_after: After all runs.
        answers: How many it has given in between.
    """

    target: str
    start: float
    memory_before: int
    memory_after: int
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything of one run of the tool."""

    machine: str
    upstream: str
    samples: tuple[Sample, ...]
    footprints: tuple[Footprint, ...]
