"""The command line: what there is much of; the figures as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import click
import uvloop

from benchmarks.cli import ground_of
from benchmarks.growth import idle, lengths, mixed, pages, variants
from benchmarks.growth.paired import compare, process_of
from benchmarks.growth.virtual_keys import virtual_keys
from benchmarks.questions import WrongAnswer
from benchmarks.table import markdown
from benchmarks.targets.sagegate import sagegate
from benchmarks.targets.target import Ground, NotStarted, Start

_MILLI, _MICRO, _KILO, _MEGA = 1e3, 1e6, 1e3, 1e6
_say = partial(click.echo, err=True)

#: What gateways have few of, and many: each of them by the number that is many.
_SERIES: Final[dict[str, Callable[[int], Sequence[Start]]]] = {
    "models": lambda many: [variants.models(each).start() for each in (1, 100, many)],
    "patterns": lambda many: [variants.wildcards(each).start() for each in (1, many)],
    "group": lambda many: [
        variants.group(1, variants.STRATEGIES[0]).start(),
        *(variants.group(many // 10, each).start() for each in variants.STRATEGIES),
    ],
    "static keys": lambda many: [variants.static_keys(each).start() for each in (1, 10 * many)],
    "virtual keys": lambda many: [virtual_keys(each) for each in (1, 10 * many)],
}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--many", default=10_000, show_default=True, help="Of models; ten times the keys.")
@click.option("--megabytes", default=5.0, show_default=True, help="Of a large prompt.")
@click.option("--connections", default=2_000, show_default=True, help="Idle ones.")
@click.option("--rounds", default=5, show_default=True, help="Samples of each.")
@click.option("--seconds", default=2.0, show_default=True, help="Of each sample.")
def main(
    names: tuple[str, ...],
    *,
    many: int,
    megabytes: float,
    connections: int,
    rounds: int,
    seconds: float,
) -> None:
    """Measure what a request costs beside much of something.

    NAMES are models, patterns, group, static keys, virtual keys, pages, prompts, idle, lengths;
    without any, all of them.
    """
    others: dict[str, Callable[[Ground], str]] = {
        "pages": partial(_pages, many=many),
        "prompts": partial(_prompts, megabytes=megabytes, seconds=seconds),
        "idle": partial(_idle, connections=connections, rounds=rounds, seconds=seconds),
        "lengths": partial(_lengths, rounds=rounds),
    }
    known = [*_SERIES, *others]
    if unknown := set(names) - set(known):
        raise click.UsageError(f"{', '.join(sorted(unknown))}: known are {', '.join(known)}")
    for name in names or known:
        _say(name)
        with ground_of("https") as ground:
            try:
                if name in others:
                    table = others[name](ground)
                else:
                    starts = _SERIES[name](many)
                    table = compare(starts, ground, rounds=rounds, seconds=seconds, say=_say)
            except (NotStarted, WrongAnswer) as error:
                raise click.ClickException(f"{name}: {error}") from error
        click.echo(f"{table}\n")


def _pages(ground: Ground, *, many: int) -> str:
    header = (f"{many} models", "KB", "seconds", "CPU s", "longest small ms", "memory MB after")
    with variants.models(many).start()(ground) as target:
        found = uvloop.run(pages.measure(target))
    return markdown(header, [_page(each) for each in found])


def _page(each: pages.Page) -> tuple[str, ...]:
    times = (f"{each.seconds:.2f}", f"{each.cpu:.2f}", f"{each.delay * _MILLI:.0f}")
    return (each.name, f"{each.size / _KILO:.0f}", *times, f"{each.memory / _MEGA:.0f}")


def _prompts(ground: Ground, *, megabytes: float, seconds: float) -> str:
    header = ("16 small clients beside", "answers", "p50 ms", "p99 ms", "longest ms")
    more = ("large", "CPU ms each", "ms alone")
    with sagegate()(ground) as target:
        found = [
            uvloop.run(
                mixed.measure(
                    target, process_of(target), each, megabytes=megabytes, seconds=seconds
                )
            )
            for each in mixed.PROMPTS
        ]
    return markdown((*header, *more), [_delay(each) for each in found])


def _delay(each: mixed.Delay) -> tuple[str, ...]:
    times = (f"{value * _MILLI:.1f}" for value in (each.p50, each.p99, each.longest))
    alone = (f"{value * _MILLI:.1f}" if value else "" for value in (each.cpu, each.wait))
    return (each.beside, str(each.small), *times, str(each.large), *alone)


def _idle(ground: Ground, *, connections: int, rounds: int, seconds: float) -> str:
    with sagegate()(ground) as target:
        found = idle.measure(target, connections, rounds=rounds, seconds=seconds)
    ratio = found.ratio
    line = (
        str(found.connections),
        f"{ratio.median:.2f}",
        f"{ratio.low:.2f} to {ratio.high:.2f}",
        f"{found.memory / _KILO:.0f}",
    )
    return markdown(("idle connections", "CPU ratio", "middle half", "KB each"), [line])


def _lengths(ground: Ground, *, rounds: int) -> str:
    with sagegate(change=lengths.models)(ground) as target:
        stretches = uvloop.run(lengths.measure(target, rounds))
    lines = [(f"{each.begins} to {each.ends}", f"{each.token * _MICRO:.1f}") for each in stretches]
    return markdown(("tokens of a stream", "CPU µs a token"), lines)
