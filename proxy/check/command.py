"""The command `sagegate check`: arguments in, a table or a document out, and an exit code.

Knows click and the order of things; what is looked at is other modules' business.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass

import click

from adapters.errors import ConfigError
from proxy.cannot_start import CannotUse
from proxy.check.finding import Finding
from proxy.check.report import BAD_CONFIGURATION, Patient, Report
from proxy.check.row import Row, rows
from proxy.check.survey import Caller, survey
from proxy.check.table import lines
from proxy.check.trial import Trial, trials
from proxy.deployments import Deployment, deployments
from proxy.start import Source

_EPILOG = (
    "Exit codes: 0 nothing wrong, 1 the configuration can't be used, 2 wrong arguments, 4 AWS "
    "disagrees. What could not be checked, for want of a permission, does not count."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What to look at."""

    models: tuple[str, ...] = ()
    aws: bool = False
    invoke: bool = False
    strict: bool = False


@click.command(epilog=_EPILOG)
@click.option(
    "-c", "--config", envvar="CONFIG_FILE_PATH", metavar="FILE", required=True, help="config.yaml"
)
@click.option("--aws", is_flag=True, help="Ask AWS about identities, endpoints and permissions.")
@click.option("--invoke", is_flag=True, help="Call each deployment once, as small as can be.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("-m", "--model", "models", multiple=True, metavar="NAME", help="Only this model.")
@click.option("--strict", is_flag=True, help="Warnings count as well.")
@click.option("--lenient", is_flag=True, help="Unknown keys and unset variables only warn.")
def check(
    *,
    config: str,
    aws: bool,
    invoke: bool,
    as_json: bool,
    models: tuple[str, ...],
    strict: bool,
    lenient: bool,
) -> None:
    """Say what the configuration means, and whether AWS agrees with it.

    By itself it sends nothing anywhere.
    """
    orders = Orders(models=models, aws=aws, invoke=invoke, strict=strict)
    try:
        report = examine(Source(config=config, lenient=lenient), orders, os.environ, _progress())
    except ConfigError as error:
        report = Report(patients=(), problems=tuple(str(error).splitlines()))
    _print(report, as_json=as_json)
    sys.exit(report.exit_code)


def examine(
    source: Source,
    orders: Orders,
    environ: MutableMapping[str, str],
    progress: Callable[[str], None],
) -> Report:
    """Look at everything that was ordered.

    Raises:
        ConfigError: the configuration can't be used.
        CannotUse: it has no such model.
    """
    loaded = source.load(environ)
    environ.update(loaded.exports)
    built = deployments(loaded.config, environ)
    pairs = _chosen(list(zip(rows(loaded.config, built, environ), built, strict=True)), orders)
    callers, findings, tried = asyncio.run(_looked(pairs, orders, environ, progress))
    return Report(
        patients=tuple(
            Patient(row=row, findings=tuple(found), trial=trial)
            for (row, _), found, trial in zip(pairs, findings, tried, strict=True)
        ),
        callers=tuple(callers),
        notices=loaded.notices,
        strict=orders.strict,
    )


async def _looked(
    pairs: Sequence[tuple[Row, Deployment]],
    orders: Orders,
    environ: MutableMapping[str, str],
    progress: Callable[[str], None],
) -> tuple[Sequence[Caller], Sequence[Sequence[Finding]], Sequence[Trial | None]]:
    callers: Sequence[Caller] = ()
    findings: Sequence[Sequence[Finding]] = [()] * len(pairs)
    tried: Sequence[Trial | None] = [None] * len(pairs)
    if orders.aws:
        callers, findings = await survey(pairs, environ, lambda name: progress(f"asked: {name}"))
    if orders.invoke:
        each = [deployment for _, deployment in pairs]
        tried = await trials(each, lambda name: progress(f"called: {name}"))
    return callers, findings, tried


def _chosen(pairs: list[tuple[Row, Deployment]], orders: Orders) -> list[tuple[Row, Deployment]]:
    known = {row.model for row, _ in pairs}
    for name in orders.models:
        if name not in known:
            raise CannotUse(f"--model {name}: the configuration has {', '.join(sorted(known))}")
    return [pair for pair in pairs if not orders.models or pair[0].model in orders.models]


def _progress() -> Callable[[str], None]:
    """Tell what is done, to people who wait in front of a terminal."""
    if sys.stderr.isatty():
        return lambda text: click.echo(text, err=True)
    return lambda _: None


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.document(), indent=2, ensure_ascii=False))
        return
    for text in (*report.problems, *report.notices):
        click.echo(text, err=True)
    if report.exit_code != BAD_CONFIGURATION:
        for line in lines(report):
            click.echo(line)
