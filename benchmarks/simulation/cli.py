"""The command line: all questions, each as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from benchmarks.simulation.replica import Measure, all_calls, by_chance, own_calls
from benchmarks.simulation.scenarios import (
    Counting,
    Served,
    Size,
    broken,
    limited,
    probes,
    routed,
)
from benchmarks.table import markdown

_LOADS: Final = (0.8, 1.0, 1.2)
_MEASURES: Final[dict[str, Measure]] = {
    "`simple-shuffle`": by_chance,
    "`least-busy`, each replica by its own calls": own_calls,
    "the bound: everybody's calls known": all_calls,
}
_COUNTINGS: Final[tuple[Counting, ...]] = ("together", "in parts", "each for itself")
_SKEW: Final = 1.0


@click.command()
@click.option("--replicas", default=100, show_default=True)
@click.option("--deployments", default=20, show_default=True)
@click.option("--slots", default=16, show_default=True, help="Of each deployment.")
@click.option("--seconds", default=120.0, show_default=True, help="Simulated, after 20 or 60 more.")
@click.option("--seed", default=1, show_default=True)
def main(*, replicas: int, deployments: int, slots: int, seconds: float, seed: int) -> None:
    """Simulate a fleet: how routing, shared knowledge and limits do."""
    size = Size(replicas=replicas, deployments=deployments, slots=slots, seconds=seconds, seed=seed)
    for text in tables(size):
        click.echo(text + "\n")


def tables(size: Size) -> Iterator[str]:
    """Give all tables, each with what it is about."""
    yield (
        f"{size.replicas} replicas, {size.deployments} deployments of {size.slots} slots "
        f"({size.capacity:.0f} requests/s), {size.seconds:.0f} s, seed {size.seed}"
    )
    yield _routing(size)
    yield _one_broken(size)
    yield _cold(size)
    for limit in (600, 6000):
        yield _limits(size, limit)


def _routing(size: Size) -> str:
    header = ["strategy", "load", "p50 s", "p99 s", "refused", "throttled calls"]
    return markdown(
        header,
        [
            [name, f"{load:.0%}", *_figures(routed(size, measure, load))]
            for load in _LOADS
            for name, measure in _MEASURES.items()
        ],
    )


def _one_broken(size: Size) -> str:
    header = ["one deployment throttles everything", "load", "p50 s", "p99 s", "refused"]
    return markdown(
        [*header, "throttled calls"],
        [
            [_who_knows(shared=shared), f"{load:.0%}", *_figures(broken(size, load, shared=shared))]
            for load in (0.5, 0.8)
            for shared in (False, True)
        ],
    )


def _cold(size: Size) -> str:
    lines = [[_who_knows(shared=each), str(probes(size, shared=each))] for each in (False, True)]
    return markdown(["an endpoint that needs 300 s, asked every 5 s", "calls"], lines)


def _limits(size: Size, limit: int) -> str:
    header = [f"{limit} requests a minute", "spread", "load", "let through", "wrongly refused"]
    lines = []
    for counting in _COUNTINGS:
        for spread, skew in (("evenly", 0.0), ("unevenly", _SKEW)):
            for load in _LOADS:
                let = limited(size, limit, load, counting, skew)
                figures = [f"{let.through:.0%}", f"{let.wrongly_refused:.0%}"]
                lines.append([f"counted {counting}", spread, f"{load:.0%}", *figures])
    return markdown(header, lines)


def _who_knows(*, shared: bool) -> str:
    return "shared" if shared else "each replica for itself"


def _figures(served: Served) -> list[str]:
    times = [f"{served.p50:.2f}", f"{served.p99:.2f}"]
    return [*times, f"{served.refused:.2%}", str(served.throttled)]
