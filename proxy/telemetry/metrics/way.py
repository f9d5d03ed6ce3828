"""A way that calls go, with the series that are counted in at its end, looked up once for all.

Knows which series go together; refuses to know what a call is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final

from prometheus_client import Counter

from proxy.telemetry.metrics.instruments import Instruments, Labelled
from proxy.telemetry.metrics.series import Count, Observe, cell_of, counting, observing
from proxy.telemetry.metrics.values import Cell

Labels = dict[str, str]

#: Of `usage`, and all that is counted of it.
WRITTEN: Final = "completion_tokens"
_TOKENS: Final = ("prompt_tokens", WRITTEN, "total_tokens")


class Way:
    """Calls of one caller for one model, for which one deployment was tried, or none.

    Args:
        labels: What most metrics tell of them.
        model: The model that was asked for, as labels have it.
    """

    __slots__ = ("answers", "counts", "first", "labels", "model", "spend")

    def __init__(self, labels: Labels, model: str) -> None:
        self.labels = labels
        self.model = model
        #: The series of good answers, of what they cost, and of streams' first parts; None before
        #: the first one.
        self.answers: Answers | None = None
        self.spend: Cell | None = None
        self.first: Observe | None = None
        #: Counters that are counted together, by what sets them apart.
        self.counts: dict[Hashable, Count] = {}

    def counting(self, instruments: Iterable[Labelled[Counter]], **more: str) -> Count:
        """Give what counts in some metrics, with further labels."""
        labels = {**self.labels, **more}
        return counting(*(each.of(labels) for each in instruments))


class Answers:
    """The series of a way's good answers."""

    __slots__ = ("api", "overhead", "per_token", "queue", "tokens", "total")

    def __init__(self, instruments: Instruments, labels: Labels) -> None:
        self.total = observing(instruments.total_latency.of(labels))
        self.queue = observing(instruments.queue_time.of(labels))
        self.overhead = observing(instruments.overhead.of(labels))
        self.api = observing(instruments.api_latency.of(labels))
        self.per_token = observing(instruments.per_token.of(labels))
        counters = (instruments.input_tokens, instruments.output_tokens, instruments.total_tokens)
        #: By their names in `usage`.
        self.tokens = tuple(
            (name, *cell_of(counter.of(labels)))
            for name, counter in zip(_TOKENS, counters, strict=True)
        )
