"""Progress of work that takes long, for people in front of a terminal; silence for all others.

One line on standard error, drawn by click, and only once the work has taken a moment. Knows how
much there is and how much is done; refuses to know of what.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final, Protocol, TextIO

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

#: Seconds of work that are shown to nobody.
_MOMENT: Final = 0.3

#: Hears what is done, by its name.
Done = Callable[[str], None]


class Progress(Protocol):
    """Shows how far work has come, for a block."""

    def __call__(self, label: str, total: int) -> AbstractContextManager[Done]:
        """Begin to show something of so many parts."""
        ...


def _name(name: str | None) -> str:
    return name or ""


@contextmanager
def silent(label: str, total: int) -> Iterator[Done]:
    """Show nothing."""
    del label, total
    yield lambda _: None


def shown_to_people(stream: TextIO | None = None, *, moment: float = _MOMENT) -> Progress:
    """Give what shows progress on a terminal, and nothing on anything else.

    Args:
        stream: Where to; None: standard error.
        moment: Seconds of work that are not shown.
    """
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        return silent

    @contextmanager
    def shown(label: str, total: int) -> Iterator[Done]:
        bar: ProgressBar[str] = click.progressbar(
            length=total, label=label, file=out, item_show_func=_name
        )
        began, so_far, drawn = time.monotonic(), 0, False

        def done(name: str) -> None:
            nonlocal so_far, drawn
            so_far += 1
            if time.monotonic() - began < moment:
                return
            drawn = True
            bar.update(so_far, name)
            so_far = 0

        try:
            yield done
        finally:
            if drawn:
                bar.render_finish()

    return shown
