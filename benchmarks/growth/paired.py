"""Gateways that differ in how many they have of something, asked in turn; their costs compared.

Processor time for an answer is what counts: it hardly changes with whatever else runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Final

from benchmarks.cells import Cell
from benchmarks.figures import Sample
from benchmarks.processes import Process
from benchmarks.runner import Plan, measure
from benchmarks.statistic import Spread, paired
from benchmarks.table import markdown
from benchmarks.targets.target import Ground, Start, Target

CELL: Final = Cell(name="chat, 16 clients", clients=16)
_HEADER: Final = (
    *("", "CPU µs an answer", "ratio", "middle half", "idle core"),
    *("start s", "memory MB", "after"),
)
_MEGA, _MICRO = 1e6, 1e6


def compare(
    starts: Sequence[Start],
    ground: Ground,
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> str:
    """Give a table of the gateways; the first one is what the others are compared with.

    Args:
        starts: Start them.
        ground: Where.
        rounds: How often each is asked.
        seconds: For how long each time.
        say: Told what is going on.
    """
    plan = Plan(cells=[CELL], rounds=rounds, seconds=seconds)
    with ExitStack() as running:
        targets = [running.enter_context(start(ground)) for start in starts]
        idle = {target.name: _idle(target, seconds) for target in targets}
        samples = list(measure(plan, targets, ground.upstream.process, say))
        return markdown(_HEADER, list(_lines(targets, idle, samples)))


def process_of(target: Target) -> Process:
    """Give a gateway's process."""
    if target.process is None:
        raise AssertionError("a gateway is a process")
    return target.process


def _idle(target: Target, seconds: float) -> float:
    """Give the share of a core that a gateway has while nobody asks it anything."""
    process = process_of(target)
    before = process.cpu
    time.sleep(seconds)
    return (process.cpu - before) / seconds


def _lines(
    targets: Sequence[Target], idle: Mapping[str, float], samples: Sequence[Sample]
) -> Iterator[tuple[str, ...]]:
    base = _costs(samples, targets[0].name)
    for target in targets:
        costs = _costs(samples, target.name)
        both = sorted(base.keys() & costs.keys())
        if not both:
            faults = (each.fault for each in samples if each.target == target.name)
            yield (target.name, f"void: {next(filter(None, faults), '')[:60]}", *[""] * 6)
            continue
        ratio = paired([costs[each] for each in both], [base[each] for each in both])
        yield (
            target.name,
            f"{median(costs.values()) * _MICRO:.0f}",
            *_told(ratio),
            f"{idle[target.name]:.1%}",
            f"{target.start:.1f}",
            f"{target.memory / _MEGA:.0f}",
            f"{process_of(target).memory / _MEGA:.0f}",
        )


def _told(ratio: Spread) -> tuple[str, str]:
    return f"{ratio.median:.2f}", f"{ratio.low:.2f} to {ratio.high:.2f}"


def _costs(samples: Sequence[Sample], target: str) -> dict[int, float]:
    """Give the processor seconds of an answer in each round."""
    return {
        each.round: each.cpu / each.timing.answers
        for each in samples
        if each.target == target and each.timing is not None
    }
