"""How much was used in the last minute, in a ring of half-second buckets.

What is counted stays for 60 seconds, and leaves with the last that came in the same half second,
so that no 60 seconds, wherever they begin, ever hold more than the limit, and nobody waits for
longer. The ring's size is fixed: memory does not grow with traffic, and the ring lies as well in a
list as in a file that processes share.

Refuses to know limits and whose counts these are. Nothing here locks.
"""

from __future__ import annotations

import math
from typing import TypeAlias

#: Integers in a row, all zero at first; the second is a file's.
Cells: TypeAlias = "list[int] | memoryview[int]"

WINDOW = 60.0
WIDTH = 0.5
#: A bucket is kept until its last moment is a window ago, or what came last in it.
BUCKETS = int(WINDOW / WIDTH) + 1
#: Added to waiting times, so that a rounded clock never makes them end too early.
MARGIN = 0.001

_MICRO = 1_000_000


def bucket_of(now: float) -> int:
    """Give the bucket of a clock's reading in seconds."""
    return int(now / WIDTH)


class Window:
    """One ring in these cells, from `start` on: newest bucket, sum of all, amounts, last times.

    Each bucket has its amount, and the microseconds after its beginning of what came last.

    The sum is taken anew with each new bucket, so that a process that dies inside of a method
    leaves nothing wrong for longer than a bucket's time.
    """

    __slots__ = ("_cells", "_end", "_first", "_newest", "_sum")

    SIZE = 2 + 2 * BUCKETS

    def __init__(self, cells: Cells, start: int) -> None:
        self._cells = cells
        self._newest = start
        self._sum = start + 1
        self._first = start + 2
        self._end = self._first + BUCKETS

    def used(self, now: float) -> int:
        """Give what the window that ends now holds, having forgotten the rest."""
        cells = self._cells
        self.advance(bucket_of(now))
        oldest = cells[self._newest] - BUCKETS + 1
        amount = cells[self._first + oldest % BUCKETS]
        if amount and self._leaves_at(oldest) <= now:
            cells[self._first + oldest % BUCKETS] = 0
            cells[self._sum] -= amount
        return cells[self._sum]

    def add(self, now: float, amount: int) -> None:
        """Count an amount."""
        cells, bucket = self._cells, bucket_of(now)
        self.advance(bucket)
        if cells[self._newest] - bucket >= BUCKETS:
            return
        cell = self._first + bucket % BUCKETS
        late = math.ceil((now - bucket * WIDTH) * _MICRO)
        cells[cell + BUCKETS] = max(cells[cell + BUCKETS], late) if cells[cell] else late
        cells[cell] += amount
        cells[self._sum] += amount

    def take_off(self, bucket: int, amount: int) -> None:
        """Forget an amount that was counted in a bucket; nothing if that has left."""
        cells = self._cells
        if cells[self._newest] - bucket < BUCKETS:
            cell = self._first + bucket % BUCKETS
            there = min(cells[cell], amount)
            cells[cell] -= there
            cells[self._sum] -= there

    def wait(self, now: float, amount: int) -> float:
        """Give the seconds until at least this amount has left; no more than is in it."""
        newest = self._cells[self._newest]
        leaving = 0
        bucket = newest - BUCKETS
        while leaving < amount and bucket < newest:
            bucket += 1
            leaving += self._cells[self._first + bucket % BUCKETS]
        return min(self._leaves_at(bucket) - now + MARGIN, WINDOW)

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
        self._cells[self._sum] = sum(self._cells[self._first : self._end])
        self._cells[self._newest] = bucket

    def _leaves_at(self, bucket: int) -> float:
        late = self._cells[self._first + BUCKETS + bucket % BUCKETS]
        return bucket * WIDTH + late / _MICRO + WINDOW
