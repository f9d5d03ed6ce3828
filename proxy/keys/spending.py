"""What requests have cost, on its way to the database: in batches, and never twice.

A batch stays the same until it is known to be written, so that one whose fate is unknown can be
sent again: the ids of its requests tell whether it was.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from adapters.value import value
from proxy.keys.account import Account
from proxy.keys.spend import Budget, Charge, SpendLog, Spent
from proxy.keys.store import KeyStore

#: Requests in one batch.
_BATCH: Final = 1000
#: Requests that are remembered while the database is out of reach.
MOST: Final = 50_000
#: Keys whose budgets are told among the metrics.
_MOST_WATCHED: Final = 1000

_log = structlog.stdlib.get_logger("sagegate")


@value(frozen=True, slots=True)
class _Batch:
    logs: tuple[SpendLog, ...]
    amounts: dict[str, float]


class Spending:
    """What is spent and not written down yet.

    Args:
        store: The database.
        clock: Unix seconds.
    """

    def __init__(self, store: KeyStore, clock: Callable[[], float] = time.time) -> None:
        #: The keys' accounts, by their digests in hexadecimal digits.
        self.accounts: dict[str, Account] = {}
        self._store = store
        self._clock = clock
        self._waiting: deque[SpendLog] = deque()
        self._batch: _Batch | None = None
        self._lost = 0
        #: Digests of keys that have spent here, as many as are watched.
        self._watched: dict[str, None] = {}

    def budgets(self) -> Iterator[Budget]:
        """Give the budgets of the keys that have spent in this process."""
        for digest in self._watched:
            account = self.accounts.get(digest)
            budget = None if account is None else account.budget
            if budget is not None:
                yield budget

    def note(self, log: SpendLog) -> None:
        """Count what a request has cost, at once here and soon in the database."""
        account = self.accounts.get(log.digest)
        if account is not None:
            account.charge(log.spend)
            if len(self._watched) < _MOST_WATCHED:
                self._watched[log.digest] = None
        if len(self._waiting) >= MOST:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(log)

    def learn(self, spent: Spent) -> None:
        """Take the database's word for what was spent with a key."""
        account = self.accounts.get(spent.digest)
        if account is not None:
            account.learn(spent.spend, spent.reset_at)

    async def flush(self) -> None:
        """Write a batch down, if there is anything to write.

        Raises:
            Exception: one of `DATABASE_ERRORS`: it is not known to be written.
        """
        if self._lost:
            _log.error("keys.spend_lost", requests=self._lost)
            self._lost = 0
        batch = self._batch = self._batch or self._next()
        if batch is None:
            return
        charges = [self._charge(digest, amount) for digest, amount in batch.amounts.items()]
        try:
            spent = await self._store.spend(charges, batch.logs)
        except IntegrityError:
            spent = []  # it was written the last time
        except DataError:
            spent = []  # it never will be
            _log.exception("keys.spend_refused", requests=len(batch.logs))
        self._batch = None
        for digest, amount in batch.amounts.items():
            if digest in self.accounts:
                self.accounts[digest].written(amount)
        for each in spent:
            self.learn(each)

    async def flush_all(self) -> None:
        """Write all of it down.

        Raises:
            Exception: one of `DATABASE_ERRORS`: some of it is not known to be written.
        """
        while self._waiting or self._batch:
            await self.flush()

    def _next(self) -> _Batch | None:
        logs = tuple(islice(self._waiting, _BATCH))
        for _ in logs:
            self._waiting.popleft()
        amounts: dict[str, float] = {}
        for log in logs:
            if log.digest in self.accounts and log.spend:
                amounts[log.digest] = amounts.get(log.digest, 0.0) + log.spend
        return _Batch(logs, amounts) if logs else None

    def _charge(self, digest: str, amount: float) -> Charge:
        account = self.accounts.get(digest)
        return Charge(
            digest=digest,
            amount=amount,
            now=self._clock(),
            next_reset=None if account is None else account.next_reset(),
        )
