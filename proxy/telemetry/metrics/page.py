"""The page that Prometheus reads: all processes' numbers, whichever of them is asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from proxy.telemetry.metrics import values
from proxy.telemetry.metrics.instruments import BUCKETS
from proxy.telemetry.metrics.pulse import Pulse
from proxy.telemetry.metrics.reporter import Metrics


@contextmanager
def open_metrics(
    buckets: Sequence[float] | None, shared: Path | None, notes: Sequence[str] = ()
) -> Iterator[Metrics]:
    """Give this process's metrics for the block.

    Args:
        buckets: Of the latencies, in seconds; None: LiteLLM's.
        shared: The folder of all workers; None for a process that serves alone.
        notes: Fields of keys' metadata that are labels as well.
    """
    with ExitStack() as stack:
        if shared is not None:
            stack.enter_context(values.kept_shared(shared, os.getpid()))
        yield Metrics(BUCKETS if buckets is None else buckets, notes)


class Page:
    """Gives the page.

    Args:
        metrics: This process's.
        pulse: Keeps its gauges.
        shared: The folder of all workers; None for a process that serves alone.
    """

    def __init__(self, metrics: Metrics, pulse: Pulse, shared: Path | None) -> None:
        self._metrics = metrics
        self._pulse = pulse
        self._shared = shared

    async def text(self) -> bytes:
        """Give the numbers of this moment; those of other processes are a second old at most."""
        self._pulse.look()
        return await asyncio.to_thread(values.page, self._metrics.registry, self._shared)
