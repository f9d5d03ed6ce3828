"""Two states of sagegate, measured side by side: what one costs of what the other does.

Processor seconds for an answer are what counts: they hardly change with whatever else runs on the
machine, as rates and times do.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.cells import ALL, Cell
from benchmarks.figures import Sample, Timing
from benchmarks.statistic import Spread, paired
from benchmarks.table import markdown
from benchmarks.targets.sagegate import HERE

CELLS: Final = tuple(
    cell
    for cell in ALL
    if cell.name
    in {
        "chat, 1 client",
        "chat, 16 clients",
        "text, 16 clients",
        "chat streams, 32 at once",
        "text streams, 32 at once",
        "chat streams, 128 paced",
    }
)


@contextmanager
def tree(commit: str, folder: Path) -> Iterator[Path]:
    """Give a commit's sources, in a folder that is removed afterwards.

    Args:
        commit: As git understands it; or a folder of sources, with whatever is not committed there.
        folder: Does not exist.

    Raises:
        CalledProcessError: git knows no such commit.
    """
    if Path(commit).is_dir():
        yield Path(commit).resolve()
        return
    _git("worktree", "add", "--detach", str(folder), commit)
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def table(samples: Sequence[Sample], cells: Sequence[Cell], before: str, after: str) -> str:
    """Give the ratios, after to before, in every cell: the median and the middle half of the pairs.

    Underneath it says why a state has no figures in a cell.

    Args:
        samples: Of both targets.
        cells: The cells, in order.
        before: A target's name.
        after: The other's.
    """
    header = ("after / before", "CPU an answer", "middle half", "p50", "answers/s", "pairs")
    ratios = markdown(header, [_line(samples, cell, before, after) for cell in cells])
    void = [f"{each.cell}: {each.target}: void: {each.fault}" for each in samples if each.fault]
    return "\n\n".join((ratios, *void))


def _line(samples: Sequence[Sample], cell: Cell, before: str, after: str) -> tuple[str, ...]:
    pairs = list(_pairs(samples, cell.name, before, after))
    if not pairs:
        return (cell.name, "void", "", "", "", "0")

    def ratio(value: Callable[[Sample, Timing], float]) -> Spread:
        return paired([value(*pair[1]) for pair in pairs], [value(*pair[0]) for pair in pairs])

    cpu = ratio(lambda sample, timing: sample.cpu / timing.answers)
    p50 = ratio(lambda _, timing: timing.p50)
    rate = ratio(lambda _, timing: timing.answers / timing.seconds)
    half = f"{cpu.low:.3f} to {cpu.high:.3f}"
    medians = f"{cpu.median:.3f}", half, f"{p50.median:.3f}", f"{rate.median:.3f}"
    return (cell.name, *medians, str(len(pairs)))


def _pairs(
    samples: Sequence[Sample], cell: str, before: str, after: str
) -> Iterator[tuple[tuple[Sample, Timing], tuple[Sample, Timing]]]:
    found = {(each.round, each.target): each for each in samples if each.cell == cell}
    for number in sorted({each.round for each in samples}):
        one, other = found.get((number, before)), found.get((number, after))
        if one and other and one.timing and other.timing:
            yield (one, one.timing), (other, other.timing)


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=HERE, check=True, capture_output=True)  # noqa: S603, S607 - the developer's own git
