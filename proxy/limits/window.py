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
    """One ring in these cells, from `start` on: newest bucket, sum of all, then the amounts.

    The sum is taken anew with each new bucket, so that a process that dies inside of a method
    leaves nothing wrong for longer than a bucket's time.
    """

    __slots__ = ("_cells", "_end", "_first", "_newest", "_sum")

    SIZE = 2 + BUCKETS

    def __init__(self, cells: Cells, start: int) -> None:
        self._cells = cells
        self._newest = start
        self._sum = start + 1
        self._first = start + 2
        self._end = start + self.SIZE

    def used(self, bucket: int) -> int:
        """Give what the window that ends with this bucket holds, having forgotten the rest."""
        if bucket > self._cells[self._newest]:
            self.advance(bucket)
        return self._cells[self._sum]

    def add(self, bucket: int, amount: int) -> None:
        """Count an amount, or with a negative one forget it; nothing if the bucket has left."""
        cells = self._cells
        if bucket > cells[self._newest]:
            self.advance(bucket)
        if cells[self._newest] - bucket < BUCKETS:
            cell = self._first + bucket % BUCKETS
            before = cells[cell]
            after = max(0, before + amount)
            cells[cell] = after
            cells[self._sum] += after - before

    def wait(self, now: float, amount: int) -> float:
        """Give the seconds until at least this amount has left; no more than is in it."""
        newest = self._cells[self._newest]
        leaving = 0
        bucket = newest - BUCKETS
        while leaving < amount and bucket < newest:
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
        self._cells[self._sum] = sum(self._cells[self._first : self._end])
        self._cells[self._newest] = bucket
