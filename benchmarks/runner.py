"""The order of things: every target in turn, in every round, in every cell.

Targets of one round follow one another closely, and their order is turned around from round to
round, so that whatever else the machine does falls on all of them alike.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import uvloop

from benchmarks import load
from benchmarks.cells import Cell
from benchmarks.figures import Footprint, Sample, Timing
from benchmarks.processes import Process
from benchmarks.questions import WrongAnswer
from benchmarks.targets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how often.

    Args:
        cells: The kinds of load.
        rounds: How often each target is measured in each cell.
        seconds: How long each time.
        warm_up: Seconds before each time, which are not measured; 0 for none.
    """

    cells: Sequence[Cell]
    rounds: int
    seconds: float
    warm_up: float = 0.5


def measure(
    plan: Plan, targets: Sequence[Target], upstream: Process, say: Callable[[str], None]
) -> Iterator[Sample]:
    """Measure; a target that gave a wrong answer has no more rounds in that cell.

    Args:
        plan: What to do.
        targets: All running.
        upstream: The fake runtime.
        say: Told what is going on.
    """
    for cell in plan.cells:
        say(cell.name)
        void: set[str] = set()
        for number in range(plan.rounds):
            for target in reversed(targets) if number % 2 else targets:
                if target.name in void:
                    continue
                sample = _turn(plan, cell, target, number, upstream)
                if sample.timing is None:
                    void.add(target.name)
                    say(f"  {target.name}: void: {sample.fault}")
                yield sample


def footprints(targets: Sequence[Target], samples: Sequence[Sample]) -> tuple[Footprint, ...]:
    """Give what the targets' processes hold, now that all is done."""
    answers: Counter[str] = Counter()
    for sample in samples:
        answers[sample.target] += sample.timing.answers if sample.timing else 0
    return tuple(
        Footprint(
            target=target.name,
            start=target.start,
            memory_before=target.memory,
            memory_after=target.process.memory,
            answers=answers[target.name],
        )
        for target in targets
        if target.process is not None
    )


def _turn(plan: Plan, cell: Cell, target: Target, number: int, upstream: Process) -> Sample:
    """Measure a target once.

    It is asked for a while before: a slow neighbour's turn may have been so long that its unused
    connections were closed meanwhile, and to make them anew is not what is measured.
    """
    if plan.warm_up:
        sample = _sample(cell, target, number, plan.warm_up, upstream)
        if sample.timing is None:
            return sample
    return _sample(cell, target, number, plan.seconds, upstream)


def _sample(cell: Cell, target: Target, number: int, seconds: float, upstream: Process) -> Sample:
    timing: Timing | None = None
    fault = ""
    before, load_before = _cpu(target.process), _cpu(upstream) + time.process_time()
    try:
        timing = uvloop.run(load.run(target.address, target.ask(cell), cell, seconds))
    except WrongAnswer as wrong:
        fault = str(wrong)
    return Sample(
        cell=cell.name,
        target=target.name,
        round=number,
        timing=timing,
        fault=fault,
        cpu=_cpu(target.process) - before,
        load_cpu=_cpu(upstream) + time.process_time() - load_before,
    )


def _cpu(process: Process | None) -> float:
    return 0.0 if process is None else process.cpu


@contextmanager
def pinned(cores: Sequence[int]) -> Iterator[None]:
    """Run the load generator, which is this process, on these cores, for as long as it takes."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
