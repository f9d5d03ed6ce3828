"""Keeps libraries off the terminal: commands tell their outcome themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Let nothing that is logged reach the terminal during the block.

    Where nobody has set logging up, Python itself prints warnings, and AWS's library warns with
    tracebacks of what is then raised anyway.
    """
    root, sink = logging.getLogger(), logging.NullHandler()
    root.addHandler(sink)
    try:
        yield
    finally:
        root.removeHandler(sink)
