"""Samples of many rounds -> what one target did in one cell, compared within the rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import nan
from statistics import median

from benchmarks.figures import Sample, Timing
from benchmarks.statistic import paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One target in one cell: medians over the rounds, in seconds; NaN is not known.

    Args:
        target: The target's name.
        fault: Why the cell is void; everything else is 0 then.
        rate: Answers in a second.
        tokens: Tokens in a second.
        ratio: Of its rate to the base's.
        p50: An answer's time.
        added_p50: Its excess over the direct answer's.
        added_p99: The same.
        first_p50: The first token's excess over the direct one's.
        first_p99: The same.
        gap_p99: Between two reads of a stream.
        latest: The latest answer's delay, of all rounds.
        cpu: Processor seconds for an answer, of all rounds.
        cpu_token: The same for a token.
        load_cpu: The load generator's and the runtime's for an answer.
        share: Of one core's time that it had.
    """

    target: str
    fault: str = ""
    rate: float = 0.0
    tokens: float = 0.0
    ratio: float = 0.0
    p50: float = 0.0
    added_p50: float = 0.0
    added_p99: float = 0.0
    first_p50: float = 0.0
    first_p99: float = 0.0
    gap_p99: float = 0.0
    latest: float = 0.0
    cpu: float = 0.0
    cpu_token: float = 0.0
    load_cpu: float = 0.0
    share: float = 0.0


def rows(samples: Sequence[Sample], cell: str, base: str) -> Iterator[Row]:
    """Give a row for each target that has samples in a cell.

    Args:
        samples: Of any cells.
        cell: The cell's name.
        base: The target that the others' rates are compared with.
    """
    inside = [sample for sample in samples if sample.cell == cell]
    for target in dict.fromkeys(sample.target for sample in inside):
        own = [sample for sample in inside if sample.target == target]
        fault = next((sample.fault for sample in own if sample.timing is None), "")
        yield Row(target=target, fault=fault) if fault else _row(target, own, inside, base)


def rate(timing: Timing) -> float:
    """Give the answers in a second."""
    return timing.answers / timing.seconds


def _row(target: str, own: Sequence[Sample], inside: Sequence[Sample], base: str) -> Row:
    direct = _by_round(inside, "direct")
    timings = list(_by_round(own, target).values())

    def middle(value: Callable[[Timing], float]) -> float:
        return median(map(value, timings))

    def added(value: Callable[[Timing], float]) -> float:
        pairs = _pairs(_by_round(own, target), direct)
        return median(value(timing) - value(other) for timing, other in pairs) if pairs else nan

    answers, tokens = sum(t.answers for t in timings), sum(t.tokens for t in timings)
    cpu = sum(sample.cpu for sample in own)
    return Row(
        target=target,
        rate=middle(rate),
        tokens=middle(lambda timing: timing.tokens / timing.seconds),
        ratio=_ratio(_pairs(_by_round(own, target), _by_round(inside, base))),
        p50=middle(lambda timing: timing.p50),
        added_p50=added(lambda timing: timing.p50),
        added_p99=added(lambda timing: timing.p99),
        first_p50=added(lambda timing: timing.first_p50),
        first_p99=added(lambda timing: timing.first_p99),
        gap_p99=middle(lambda timing: timing.gap_p99),
        latest=max(timing.latest for timing in timings),
        cpu=cpu / answers,
        cpu_token=cpu / tokens,
        load_cpu=sum(sample.load_cpu for sample in own) / answers,
        share=cpu / sum(timing.seconds for timing in timings),
    )


def _by_round(samples: Sequence[Sample], target: str) -> dict[int, Timing]:
    return {
        sample.round: sample.timing
        for sample in samples
        if sample.target == target and sample.timing is not None
    }


def _pairs(own: dict[int, Timing], other: dict[int, Timing]) -> list[tuple[Timing, Timing]]:
    return [(own[number], other[number]) for number in own if number in other]


def _ratio(pairs: list[tuple[Timing, Timing]]) -> float:
    if not pairs:
        return nan
    return paired([rate(own) for own, _ in pairs], [rate(other) for _, other in pairs]).median
