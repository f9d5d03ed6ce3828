"""The command line: how many streams, how slow, over https or http; the figures as a table."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Final

import click

from benchmarks import certificate, processes
from benchmarks.connection import Address
from benchmarks.processes import Cores
from benchmarks.streams import sizing
from benchmarks.streams.measure import Cost, TooSlow, measure
from benchmarks.table import markdown
from benchmarks.targets.sagegate import HERE, sagegate
from benchmarks.targets.target import Ground, Upstream

_HEADER: Final = (
    *("streams", "idle MB", "held MB", "after MB", "KB each", "files each"),
    *("µs to begin", "events/s", "µs an event", "µs a whole answer"),
)
_KILO, _MEGA, _MICRO = 1e3, 1e6, 1e6


@click.command()
@click.option("--streams", "counts", type=int, multiple=True, help="May be repeated.")
@click.option("--pace", default=0.5, show_default=True, help="Seconds from token to token.")
@click.option("--seconds", default=10.0, show_default=True, help="For which they are held.")
@click.option("--upstream", type=click.Choice(["https", "http"]), default="https")
def main(counts: tuple[int, ...], pace: float, seconds: float, upstream: str) -> None:
    """Measure what open streams cost a gateway with one process, and say what more would need."""
    costs = [_cost(count, pace, seconds, upstream) for count in counts or (1000,)]
    click.echo(table(costs))
    use = sizing.Use()
    click.echo(
        f"\n{use.tokens:g} tokens/s, {use.seconds:g} s a stream, {use.share:.0%} of a core\n"
    )
    click.echo(sizing.table(costs[-1], use))


def table(costs: Sequence[Cost]) -> str:
    """Give the figures as a table of Markdown."""
    return markdown(_HEADER, [_line(each) for each in costs])


def _line(cost: Cost) -> list[str]:
    megabytes = [f"{size / _MEGA:.0f}" for size in (cost.idle, cost.held, cost.after)]
    each = [f"{cost.memory_each / _KILO:.0f}", f"{cost.files / cost.streams:.2f}"]
    micros = [f"{part * _MICRO:.0f}" for part in (cost.opening, cost.event, cost.answer)]
    rest = [micros[0], f"{cost.events_a_second:.0f}", *micros[1:]]
    return [str(cost.streams), *megabytes, *each, *rest]


def _cost(streams: int, pace: float, seconds: float, upstream: str) -> Cost:
    with _ground(pace, tls=upstream == "https") as ground, sagegate()(ground) as target:
        if target.process is None:
            raise AssertionError("a gateway is a process")
        try:
            return asyncio.run(measure(target, target.process, streams, seconds))
        except TooSlow as error:
            raise click.ClickException(str(error)) from error


@contextmanager
def _ground(pace: float, *, tls: bool) -> Iterator[Ground]:
    cores = Cores.of_this_machine()
    with tempfile.TemporaryDirectory(prefix="streams-") as name:
        folder = Path(name)
        made = certificate.make(folder) if tls else None
        address = Address(processes.free_port(), made.trusted() if made else None)
        module = ["-m", "benchmarks.streams.runtime", str(address.port), str(pace)]
        secure = ["--tls", str(made.chain), str(made.key)] if made else []
        with processes.running(
            [sys.executable, *module, *secure],
            log=folder / "runtime.log",
            cores=cores.upstream,
            folder=HERE,
        ) as process:
            sleep(1)  # the gateway's first request is tried again until it is there
            authority = made.authority if made else None
            runtime = Upstream(address=address, process=process, authority=authority)
            yield Ground(upstream=runtime, folder=folder, cores=cores)
