"""A queue with a lane for each caller: served in turn, so that nobody's crowd blocks others.

Knows order only; refuses to know what waits, and for what.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class FairQueue(Generic[T]):
    """Items in lanes; within a lane first come, first served. Everything takes constant time."""

    def __init__(self) -> None:
        #: The lane whose turn it is comes first; a lane is here only while something is in it.
        self._lanes: OrderedDict[str, OrderedDict[T, None]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def push(self, lane: str, item: T) -> None:
        """Put an item, which is in no lane yet, at the end of a lane."""
        self._lanes.setdefault(lane, OrderedDict())[item] = None

    def first(self) -> T:
        """Give the item whose turn it is; there must be one."""
        return next(iter(next(iter(self._lanes.values()))))

    def pop(self) -> T:
        """Take the item whose turn it is; its lane goes behind the others."""
        lane, items = next(iter(self._lanes.items()))
        item, _ = items.popitem(last=False)
        self._lanes.move_to_end(lane)
        if not items:
            del self._lanes[lane]
        return item

    def remove(self, lane: str, item: T) -> None:
        """Take an item out, wherever it stands."""
        items = self._lanes[lane]
        del items[item]
        if not items:
            del self._lanes[lane]
