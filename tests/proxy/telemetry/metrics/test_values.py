"""Numbers in files: several processes' sums, and what is left of one that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from proxy.telemetry.metrics import values
from proxy.telemetry.metrics.reporter import Metrics
from tests.proxy.telemetry.calls import answered, new_call

REQUESTS = "litellm_proxy_total_requests_metric_total"
LATENCY = "litellm_request_total_latency_metric_count"


@contextmanager
def worker(folder: Path, process: int, calls: int) -> Iterator[Metrics]:
    """A worker's metrics, with so many calls; it makes no further ones."""
    with values.kept_shared(folder, process):
        metrics = Metrics()
        metrics.all.workers.metric.set(1)
        for _ in range(calls):
            metrics.report(answered(new_call()))
        yield metrics


def told(metrics: Metrics, folder: Path, name: str) -> float:
    page = values.page(metrics.registry, folder).decode()
    families = text_string_to_metric_families(page)
    return sum(each.value for family in families for each in family.samples if each.name == name)


def test_one_page_for_all(tmp_path: Path) -> None:
    """Whoever is asked gives the sums of all."""
    with worker(tmp_path, 11, 3) as one, worker(tmp_path, 12, 4) as other:
        for metrics in (one, other):
            assert told(metrics, tmp_path, REQUESTS) == 7
            assert told(metrics, tmp_path, LATENCY) == 7
            assert told(metrics, tmp_path, "sagegate_workers") == 2


def test_the_dead_are_added_up(tmp_path: Path) -> None:
    """A worker that is gone leaves its counts, not its gauges, and no file however many die."""
    for process in range(20, 30):
        with worker(tmp_path, process, 2):
            pass
        values.bury(tmp_path, process)
    values.bury(tmp_path, 29)
    with worker(tmp_path, 20, 1) as living:
        assert told(living, tmp_path, REQUESTS) == 21
        assert told(living, tmp_path, LATENCY) == 21
        assert told(living, tmp_path, "sagegate_workers") == 1
    assert len(list(tmp_path.rglob("*_0.db"))) == 2
    assert len(list(tmp_path.rglob("*_29.db"))) == 0


def test_a_worker_that_never_counted(tmp_path: Path) -> None:
    """One that dies before it has any metrics leaves nothing to bury."""
    values.bury(tmp_path, 31)
    assert list(tmp_path.iterdir()) == []


def test_counts_stay_true_while_their_file_grows(tmp_path: Path) -> None:
    """A series that was there before the file was mapped anew is counted in as before."""
    with worker(tmp_path, 41, 1) as metrics:
        for number in range(300):
            call = new_call()
            call.caller = f"caller-{number}"
            metrics.report(answered(call))
            metrics.report(answered(new_call()))
        assert max(file.stat().st_size for file in tmp_path.rglob("*.db")) > 2**17
        assert told(metrics, tmp_path, REQUESTS) == 601
        assert told(metrics, tmp_path, LATENCY) == 601
