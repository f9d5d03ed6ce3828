"""Clients who come at a steady rate, whatever the gateway does, and take or leave their answers.

Knows connections: kept ones serve again, as those of clients' libraries do.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from time import perf_counter

from benchmarks.connection import Connection
from benchmarks.questions import Question, WrongAnswer
from benchmarks.soak.visits import PLAIN, VISITS, Visit
from benchmarks.targets.target import Target

#: Seconds beyond which an answer is not waited for.
_PATIENCE = 60.0
#: The same choices in every run.
_SEED = 8


class Crowd:
    """Visits one target.

    Args:
        target: Who is visited.
        rate: Visits in a second.
        visits: Their kinds.
    """

    def __init__(self, target: Target, rate: float, visits: Sequence[Visit] = VISITS) -> None:
        self._target = target
        self._rate = rate
        self._visits = visits
        self._questions = {visit: target.ask(visit.cell) for visit in visits}
        self._random = random.Random(_SEED)  # noqa: S311 - which visit comes next is no secret
        self._idle: list[Connection] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._seconds: list[float] = []
        #: Visits that have ended, by their kinds' names.
        self.ended: Counter[str] = Counter()
        #: What was wrong with answers.
        self.wrong: list[str] = []

    async def come(self, seconds: float) -> None:
        """Let clients come for some seconds."""
        began = perf_counter()
        shares = [each.share for each in self._visits]
        for number in range(round(seconds * self._rate)):
            await asyncio.sleep(began + number / self._rate - perf_counter())
            (visit,) = self._random.choices(self._visits, shares)
            task = asyncio.create_task(self._visit(visit))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def go(self) -> None:
        """Wait for those who are still there, and close what they kept."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        while self._idle:
            self._idle.pop().close()

    def waited(self) -> list[float]:
        """Give the seconds of each plain answer since this was asked last."""
        seconds, self._seconds = self._seconds, []
        return seconds

    async def _visit(self, visit: Visit) -> None:
        question = self._questions[visit]
        try:
            connection = await self._connected()
            if visit.leaves is not None:
                await self._leave(connection, question, self._random.uniform(*visit.leaves))
                return
            async with asyncio.timeout(_PATIENCE):
                answer = await connection.ask(question.request)
            visit.check(answer, question)
        except (OSError, WrongAnswer) as error:
            self.wrong.append(f"{visit.name}: {error!r}")
            return
        finally:
            self.ended[visit.name] += 1
        if visit is PLAIN:
            self._seconds.append(answer.ended - answer.asked)
        self._idle.append(connection)

    async def _leave(self, connection: Connection, question: Question, seconds: float) -> None:
        """Ask, and close the connection after some time, whatever has come by then."""
        coming = connection.ask(question.request)
        await asyncio.wait({coming}, timeout=seconds)
        coming.cancel()
        connection.close()

    async def _connected(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return await Connection.open(self._target.address)
