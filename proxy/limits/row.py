"""All counts of one scope: two windows and the slots that processes hold.

Knows when a claim does not fit, and for how long. Refuses to know how scopes find their row,
and who may write when.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import attrgetter

from proxy.limits.claim import SLOT_WAIT, Claim, Remaining, Shortage, refusal
from proxy.limits.ledger import Taken
from proxy.limits.window import Cells, Window


class Row:
    """One scope's counts in these cells, from `start` on.

    Args:
        cells: Where they lie.
        start: The first cell.
        holders: How many processes may hold slots: each has a cell of its own, so that what a
            dead one held can be taken from it.
        holder: Which of them this process is.
    """

    __slots__ = ("_cells", "_end", "_mine", "_requests", "_slots", "_tokens")

    def __init__(self, cells: Cells, start: int = 0, holders: int = 1, holder: int = 0) -> None:
        self._cells = cells
        self._requests = Window(cells, start)
        self._tokens = Window(cells, start + Window.SIZE)
        self._slots = start + 2 * Window.SIZE
        self._end = self._slots + holders
        self._mine = self._slots + holder

    @staticmethod
    def size(holders: int = 1) -> int:
        """Give the number of cells that a row takes."""
        return 2 * Window.SIZE + holders

    def left(self, claim: Claim, now: float) -> Remaining:
        """Give what this scope has left in the window that ends now."""
        requests, tokens, parallel = claim.requests, claim.tokens, claim.parallel
        return Remaining(
            claim,
            None if requests is None else requests - self._requests.used(now),
            None if tokens is None else tokens - self._tokens.used(now),
            None if parallel is None else parallel - self.held(),
        )

    def shortages(self, left: Remaining, tokens: int, now: float) -> Iterator[Shortage]:
        """Give each limit that a request of so many tokens does not fit under."""
        claim = left.claim
        if left.requests is not None and left.requests < 1:
            wait = _wait(self._requests, now, 1 - left.requests, possible=claim.requests != 0)
            yield Shortage(claim, "requests", wait)
        if left.tokens is not None and left.tokens < tokens:
            possible = claim.tokens is not None and claim.tokens >= tokens
            wait = _wait(self._tokens, now, tokens - left.tokens, possible=possible)
            yield Shortage(claim, "tokens", wait, left.tokens)
        if left.parallel is not None and left.parallel < 1:
            yield Shortage(claim, "parallel", SLOT_WAIT if claim.parallel else math.inf)

    def count(self, claim: Claim, now: float, requests: int, tokens: int) -> None:
        """Add amounts to what this claim limits."""
        if claim.requests is not None and requests:
            self._requests.add(now, requests)
        if claim.tokens is not None and tokens:
            self._tokens.add(now, tokens)

    def take_off(self, claim: Claim, bucket: int, requests: int, tokens: int) -> None:
        """Forget amounts that were counted in a bucket."""
        if claim.requests is not None:
            self._requests.take_off(bucket, requests)
        if claim.tokens is not None:
            self._tokens.take_off(bucket, tokens)

    def hold(self, claim: Claim, slots: int) -> None:
        """Take slots for this process, or with a negative number give them back."""
        if claim.parallel is not None:
            self._cells[self._mine] = max(0, self._cells[self._mine] + slots)

    def held(self) -> int:
        """Give the number of slots that all processes hold."""
        return sum(self._cells[self._slots : self._end])

    def forget(self, holder: int) -> None:
        """Free the slots of a process that is no more."""
        self._cells[self._slots + holder] = 0

    def touch(self, bucket: int) -> None:
        """Keep this row from being idle for a window's time."""
        self._requests.advance(bucket)

    def is_idle(self, bucket: int) -> bool:
        """Whether nothing would be lost with this row."""
        windows = self._requests.is_idle(bucket) and self._tokens.is_idle(bucket)
        return windows and not self.held()


def _wait(window: Window, now: float, amount: int, *, possible: bool) -> float:
    return window.wait(now, amount) if possible else math.inf


def take(
    rows: Sequence[Row], claims: Sequence[Claim], tokens: int, now: float
) -> tuple[Remaining, ...]:
    """Take one request and so many tokens from each claim's row, or nothing from any.

    Raises:
        RateLimited: For the limit that has to be waited for longest.
    """
    lefts = [row.left(claim, now) for row, claim in zip(rows, claims, strict=True)]
    if not all(left.fits(tokens) for left in lefts):
        pairs = zip(rows, lefts, strict=True)
        lacks = [lack for row, left in pairs for lack in row.shortages(left, tokens, now)]
        raise refusal(max(lacks, key=attrgetter("wait")), tokens)
    for row, claim in zip(rows, claims, strict=True):
        row.count(claim, now, 1, tokens)
        row.hold(claim, 1)
    return tuple(left.less(tokens) for left in lefts)


def amend(rows: Sequence[Row], taken: Taken, requests: int, tokens: int, now: float) -> None:
    """Add differences to what was taken: tokens too many now; the rest back then.

    A long answer is used up when it is known, not when it was asked for.
    """
    for row, claim in zip(rows, taken.claims, strict=True):
        row.take_off(claim, taken.bucket, max(-requests, 0), max(-tokens, 0))
        row.count(claim, now, 0, max(tokens, 0))
