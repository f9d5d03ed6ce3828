"""The command `sagegate migrate`: LiteLLM's file in, what becomes of each key out."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from adapters.errors import ConfigError
from proxy.check.table import aligned
from proxy.migrate.examination import Examination, examined
from proxy.migrate.verdict import Verdict

_EPILOG = (
    "Exit codes: 0 sagegate starts with the file, 1 something must be changed first, 2 wrong "
    "arguments."
)
_HEAD = ("KEY", "VERDICT", "WHERE", "NOTE")


@click.command(epilog=_EPILOG)
@click.option(
    "-c", "--config", envvar="CONFIG_FILE_PATH", metavar="FILE", required=True, help="LiteLLM's."
)
@click.option("--all", "everything", is_flag=True, help="Tell honoured keys too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, of all keys.")
def migrate(*, config: str, everything: bool, as_json: bool) -> None:
    """Say of each key of a LiteLLM configuration whether it is honoured here.

    Nothing is changed, nothing is sent anywhere.
    """
    try:
        found = examined(Path(config), os.environ)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(found.document(), indent=2, ensure_ascii=False))
    else:
        for line in _lines(found, everything=everything):
            click.echo(line)
    sys.exit(0 if found.starts else 1)


def _lines(found: Examination, *, everything: bool) -> Iterator[str]:
    told = [each for each in found.verdicts if everything or each.kind != "honoured"]
    if told:
        yield from aligned([_HEAD, *(_cells(each) for each in told)])
        yield ""
    yield from found.problems
    counts = Counter(kind for each in found.verdicts for kind in [each.kind] * len(each.where))
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    yield f"{counts.total()} keys: {summary}"
    yield "sagegate starts with this file." if found.starts else "Change what is refused first."


def _cells(verdict: Verdict) -> tuple[str, ...]:
    more = len(verdict.where) - 1
    where = verdict.where[0] + (f" (and {more} more)" if more else "")
    return verdict.key, verdict.kind, where, verdict.note
