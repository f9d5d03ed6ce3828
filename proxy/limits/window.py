"""How much was used in the last minute, in a ring of half-second buckets.

What is counted stays for at least 60 seconds and at most half a second longer, so that no 60
seconds, wherever they begin, ever hold more than the limit. The ring's size is fixed: memory does
not grow with traffic, and the ring lies as well in a list as in a file that processes share.

Refuses to know limits and whose counts these are. Nothing here locks.
"""

from __future__ import annotations

from typing import TypeAlias

#: Integers in a row, all zero at first; the second is a file's.
Cells: TypeAlias = "list[int] | memoryview[int]"

WINDOW = 60.0
WIDTH = 0.5
#: A bucket is kept until its last moment is a window ago.
BUCKETS = int(WINDOW / WIDTH) + 1
#: Added to waiting times, so that a rounded clock never makes them end too early.
MARGIN = 0.001


def bucket_of(now: float) -> int:
    """Give the bucket of a clock's reading in seconds."""
    return int(now / WIDTH)


class Window:
    """One ring in these cells, from `start` on: the newest bucket's number, then the amounts.

    A process that dies inside of a method leaves a ring that the next call puts right.
    """

    __slots__ = ("_cells", "_end", "_first", "_newest")

    SIZE = 1 + BUCKETS

    def __init__(self, cells: Cells, start: int) -> None:
        self._cells = cells
        self._newest = start
        self._first = start + 1
        self._end = start + self.SIZE

    def used(self, bucket: int) -> int:
        """Give what the window that ends with this bucket holds, having forgotten the rest."""
        self.advance(bucket)
        return sum(self._cells[self._first : self._end])

    def add(self, bucket: int, amount: int) -> None:
        """Count an amount, or with a negative one forget it; nothing if the bucket has left."""
        self.advance(bucket)
        if self._cells[self._newest] - bucket < BUCKETS:
            cell = self._first + bucket % BUCKETS
            self._cells[cell] = max(0, self._cells[cell] + amount)

    def wait(self, now: float, amount: int) -> float:
        """Give the seconds until at least this amount has left; no more than is in it."""
        newest = self._cells[self._newest]
        leaving = 0
        bucket = newest - BUCKETS
        while leaving < amount:
            bucket += 1
            leaving += self._cells[self._first + bucket % BUCKETS]
        return (bucket + BUCKETS) * WIDTH - now + MARGIN

    def is_idle(self, bucket: int) -> bool:
        """Whether all that was ever counted has left by this bucket."""
        return bucket - self._cells[self._newest] >= BUCKETS

    def advance(self, bucket: int) -> None:
        """Forget what has left by this bucket."""
        newest = self._cells[self._newest]
        if bucket <= newest:
            return
        for late in range(max(newest, bucket - BUCKETS) + 1, bucket + 1):
            self._cells[self._first + late % BUCKETS] = 0
        self._cells[self._newest] = bucket
