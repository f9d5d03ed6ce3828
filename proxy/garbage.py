"""When this process looks for garbage: objects that hold nothing but each other.

Knows Python's collector; refuses to know what makes the objects.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Objects between two looks for garbage, and how often older ones are looked at. Python's own 700
#: are a few requests, whose objects go away by themselves: looking cost a twentieth of a stream.
_COLLECTIONS: Final = (10_000, 20, 20)


@contextmanager
def unlooked_for() -> Iterator[None]:
    """Look for no garbage in the block, or until `looked_for`.

    What is imported and built at a start stays: looking through it again and again while it grows
    is a tenth of the start, and finds next to nothing.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def looked_for() -> None:
    """Look for garbage as a server does; what is there by now stays, and is never looked at."""
    gc.freeze()
    gc.set_threshold(*_COLLECTIONS)
    gc.enable()
