"""The command `sagegate check`: arguments in, a table or a document out, and an exit code.

Knows click and the order of things; what is looked at is other modules' business.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass

import click

from adapters.deployment.compose import network
from adapters.errors import ConfigError
from proxy.check.caller import Caller
from proxy.check.finding import Finding
from proxy.check.report import Patient, Report
from proxy.check.subject import Subject, subjects
from proxy.check.survey import Examined, Way, survey
from proxy.check.table import lines
from proxy.check.trial import Trial, trials
from proxy.config_option import ConfigOption
from proxy.deployments import entries
from proxy.policies import policies
from proxy.progress import Progress, shown_to_people
from proxy.quiet import quiet
from proxy.start import Source

_EPILOG = (
    "Exit codes: 0 nothing is wrong, 1 the configuration can't be used or something is wrong, 2 "
    "wrong arguments. What could not be checked, for want of a permission, does not count."
)

_NOT_CALLED = Finding(
    level="unknown", check="invoke", text="what it matches is called with --aws beside --invoke"
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
    "-c",
    "--config",
    cls=ConfigOption,
    envvar="CONFIG_FILE_PATH",
    metavar="FILE",
    required=True,
    help="config.yaml, or s3://BUCKET/KEY",
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
        report = examine(
            Source(config=config, lenient=lenient), orders, os.environ, shown_to_people()
        )
    except ConfigError as error:
        report = Report(patients=(), problems=tuple(str(error).splitlines()))
    _print(report, as_json=as_json)
    sys.exit(report.exit_code)


def examine(
    source: Source,
    orders: Orders,
    environ: MutableMapping[str, str],
    progress: Progress,
) -> Report:
    """Look at everything that was ordered.

    Raises:
        ConfigError: the configuration can't be used.
        CannotUse: it has no such model.
    """
    loaded = source.load(environ, progress)
    environ.update(loaded.exports)
    built = entries(loaded.config, environ)
    aliases = policies(loaded.config).aliases
    models = [aliases.get(model, model) for model in orders.models]
    chosen = subjects(built, models, environ)
    ssl_verify = loaded.config.litellm_settings.ssl_verify
    way = Way(built=built, environ=environ, network=network(environ, ssl_verify=ssl_verify))
    with quiet():
        callers, patients = asyncio.run(_looked(chosen, orders, way, progress))
    return Report(
        patients=tuple(patients),
        callers=tuple(callers),
        notices=loaded.notices,
        strict=orders.strict,
    )


async def _looked(
    chosen: Sequence[Subject], orders: Orders, way: Way, progress: Progress
) -> tuple[Sequence[Caller], Iterator[Patient]]:
    callers: Sequence[Caller] = ()
    examined: Sequence[Examined] = [(each, _unasked(each, orders, way)) for each in chosen]
    if orders.aws:
        with progress("asking AWS", len(chosen)) as done:
            callers, examined = await survey(chosen, way, done)
    tried: Sequence[Trial | None] = [None] * len(examined)
    if orders.invoke:
        each = [subject.deployment for subject, _ in examined]
        with progress("calling models", len(each)) as done:
            tried = await trials(each, way.network, done)
    return callers, (
        Patient(row=subject.row, findings=tuple(found), trial=trial)
        for (subject, found), trial in zip(examined, tried, strict=True)
    )


def _unasked(subject: Subject, orders: Orders, way: Way) -> Sequence[Finding]:
    """Give what is said of a deployment that AWS is not asked about."""
    here = [] if subject.row.mock else subject.doubts(way.environ)
    return [*here, *[_NOT_CALLED] * (orders.invoke and subject.row.stands_for_many)]


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.document(), indent=2, ensure_ascii=False))
        return
    for text in (*report.problems, *report.notices):
        click.echo(text, err=True)
    if not report.problems:
        for line in lines(report):
            click.echo(line)
