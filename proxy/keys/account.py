"""What one key has spent, as far as this process knows.

Knows money and time; refuses to know where it is written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from adapters.errors import BudgetExceeded
from proxy.keys.duration import seconds_of
from proxy.keys.record import KeyRecord
from proxy.keys.spend import Budget


class Account:
    """A key's account: what the database last said, and what is not written down there yet.

    Args:
        record: The key.
        clock: Unix seconds.
    """

    __slots__ = ("_clock", "_duration", "_known", "_label", "_most", "_pending", "_reset_at")

    def __init__(self, record: KeyRecord, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._pending = 0.0
        self.follow(record)

    def follow(self, record: KeyRecord) -> None:
        """Take a changed key's budget over, and what it has spent by the database's word."""
        self._label = record.label
        self._most = record.max_budget
        duration = record.budget_duration
        self._duration = None if duration is None else seconds_of(duration)
        self.learn(record.spend, record.budget_reset_at)

    def learn(self, spend: float, reset_at: float | None) -> None:
        """Take the database's word for what was spent; what is pending is not in it."""
        self._known = spend
        self._reset_at = reset_at

    @property
    def spent(self) -> float:
        """What is spent in the budget's current span, in US dollars."""
        over = self._reset_at is not None and self._clock() >= self._reset_at
        return self._pending + (0.0 if over else self._known)

    def charge(self, amount: float) -> None:
        """Count what a request has cost."""
        self._pending += amount

    def written(self, amount: float) -> None:
        """Forget what is written down by now."""
        self._pending = max(0.0, self._pending - amount)

    def next_reset(self) -> float | None:
        """Give when a span that begins now would end."""
        return None if self._duration is None else self._clock() + self._duration

    @property
    def budget(self) -> Budget | None:
        """What may be spent, and what is left of it; None without a limit."""
        if self._most is None:
            return None
        span = None if self._reset_at is None else max(0.0, self._reset_at - self._clock())
        hours = None if span is None else span / 3600
        return Budget(self._label, self._most, max(0.0, self._most - self.spent), hours)

    def check(self) -> None:
        """Refuse further requests when the budget is spent.

        Raises:
            BudgetExceeded: it is.
        """
        if self._most is not None and self.spent >= self._most:
            raise BudgetExceeded(
                f"The budget of {self._label} is spent: {self.spent:.6g} of {self._most:.6g} USD."
            )
