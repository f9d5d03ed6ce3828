"""The command line: which targets, how long, and where the results go."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import orjson
import uvloop

from benchmarks import compare, plot, table
from benchmarks.cells import ALL, Cell
from benchmarks.figures import Results
from benchmarks.processes import Cores
from benchmarks.runner import Plan, footprints, measure, pinned
from benchmarks.soak.soak import soak
from benchmarks.soak.verdict import table as table_of_readings
from benchmarks.soak.verdict import verdict
from benchmarks.targets import direct
from benchmarks.targets.litellm import litellm
from benchmarks.targets.nginx import nginx
from benchmarks.targets.sagegate import sagegate
from benchmarks.targets.target import Ground, NotStarted, Start, Target
from benchmarks.targets.tensorzero import tensorzero

_BASE = "sagegate"
_say = partial(click.echo, err=True)
_file = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Peers:
    """Who is measured beside sagegate, where it is installed.

    `nginx` signs nothing: None where the runtime wants a signature.
    """

    workers: int
    observed: bool
    nginx: str | None
    litellm: Path | None
    tensorzero: Path | None

    def starts(self) -> Iterator[Start]:
        """Give what starts each of them."""
        if self.workers > 1:
            yield sagegate(name=f"sagegate, {self.workers} workers", workers=self.workers)
        if self.observed:
            yield sagegate(name="sagegate, traced", observed=True)
        if self.nginx and (found := shutil.which(self.nginx)):
            yield nginx(Path(found))
        if self.tensorzero:
            yield tensorzero(self.tensorzero)
        if self.litellm:
            yield litellm(self.litellm)


@click.command()
@click.option("--seconds", default=2.0, show_default=True, help="Of each sample.")
@click.option("--rounds", default=5, show_default=True, help="Samples of each target and cell.")
@click.option("--cells", default="", help="Only cells with this in their name.")
@click.option("--upstream", type=click.Choice(["https", "http"]), default="https")
@click.option("--verify", is_flag=True, help="The runtime checks signatures: no direct, no nginx.")
@click.option("--workers", default=1, help="Measure sagegate with so many workers, too.")
@click.option("--observed", is_flag=True, help="Measure it with traces and a callback, too.")
@click.option("--nginx", default="nginx", help="The floor, where there is such a command.")
@click.option("--litellm", type=_file, help="LiteLLM's `litellm`, in its own environment.")
@click.option("--tensorzero", type=_file, help="A python that has the package `tensorzero`.")
@click.option("--json", "json_file", type=_file, help="Write every sample.")
@click.option("--svg", "svg_file", type=_file, help="Draw the rates.")
@click.option(
    "--compare", "commits", nargs=2, metavar="BEFORE AFTER", help="Two commits, or folders."
)
@click.option(
    "--soak",
    "minutes",
    type=float,
    is_flag=False,
    flag_value=30.0,
    metavar="MINUTES",
    help="Mixed traffic for so long, 30 if not said: does anything grow?",
)
@click.option("--rate", default=60.0, show_default=True, help="Visits in a second of a soak.")
def main(
    *,
    seconds: float,
    rounds: int,
    cells: str,
    upstream: str,
    verify: bool,
    commits: tuple[str, str] | None,
    json_file: Path | None,
    svg_file: Path | None,
    workers: int,
    observed: bool,
    nginx: str,
    litellm: Path | None,
    tensorzero: Path | None,
    minutes: float | None,
    rate: float,
) -> None:
    """Measure what sagegate costs, beside its peers, in front of a fake SageMaker Runtime."""
    if minutes is not None:
        _soak(minutes, rate, upstream, json_file)
        return
    chosen = [cell for cell in (compare.CELLS if commits else ALL) if cells in cell.name]
    plan = Plan(cells=chosen, rounds=rounds, seconds=seconds)
    with _ground(upstream, verify=verify) as (ground, straight), ExitStack() as running:
        if commits:
            starts = [*_states(commits, ground.folder, running)]
            targets = _started(starts, ground, running)
        else:
            peers = _Peers(
                workers=workers,
                observed=observed,
                nginx=None if verify else nginx,
                litellm=litellm,
                tensorzero=tensorzero,
            )
            starts = [sagegate(), *peers.starts()]
            straight_too = [] if verify else [straight]
            targets = straight_too + _started(starts, ground, running)
        samples = tuple(measure(plan, targets, ground.upstream.process, _say))
        results = Results(
            machine=_machine(ground.cores),
            upstream=upstream,
            samples=samples,
            footprints=footprints(targets, samples),
        )
    if commits:
        click.echo(compare.table(samples, chosen, "before", "after"))
    else:
        _report(results, chosen)
    if json_file:
        json_file.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    if svg_file:
        svg_file.write_text(plot.svg(results, chosen))


def _soak(minutes: float, rate: float, upstream: str, json_file: Path | None) -> None:
    with ground_of(upstream) as ground, ExitStack() as running:
        (target,) = _started([sagegate()], ground, running)
        if target.process is None:
            raise AssertionError("a gateway is a process")
        soaked = uvloop.run(soak(target, target.process, minutes=minutes, rate=rate, say=_say))
    flat, words = verdict(soaked)
    click.echo(table_of_readings([*soaked.readings, soaked.rest]))
    click.echo(f"\n{words}")
    if json_file:
        json_file.write_bytes(orjson.dumps(soaked, option=orjson.OPT_INDENT_2))
    if not flat:
        raise SystemExit(1)


@contextmanager
def ground_of(upstream: str) -> Iterator[Ground]:
    """Give where gateways are started, with the fake runtime running behind them.

    Args:
        upstream: `https` or `http`.
    """
    with _ground(upstream, verify=False) as (ground, _):
        yield ground


@contextmanager
def _ground(upstream: str, *, verify: bool) -> Iterator[tuple[Ground, Target]]:
    cores = Cores.of_this_machine()
    with (
        pinned(cores.load),
        tempfile.TemporaryDirectory(prefix="benchmarks-") as name,
        direct.upstream(Path(name), cores, tls=upstream == "https", verify=verify) as found,
    ):
        runtime, straight = found
        yield Ground(upstream=runtime, folder=Path(name), cores=cores), straight


def _states(commits: tuple[str, str], folder: Path, running: ExitStack) -> Iterator[Start]:
    for name, commit in zip(("before", "after"), commits, strict=True):
        tree = running.enter_context(compare.tree(commit, folder / f"tree-{name}"))
        yield sagegate(name=name, tree=tree)


def _started(starts: Sequence[Start], ground: Ground, running: ExitStack) -> list[Target]:
    try:
        return [running.enter_context(start(ground)) for start in starts]
    except NotStarted as error:
        raise click.ClickException(str(error)) from error


def _report(results: Results, cells: Sequence[Cell]) -> None:
    click.echo("\n\n".join(table.tables(results, cells, _BASE)))


def _machine(cores: Cores) -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    model = next(models, platform.machine())
    return f"{model}, {len(cores.available)} cores, Python {platform.python_version()}"
