"""The load: so many clients, each asking one thing after the other for a while.

Everything is kept while the clock runs and checked once it has stopped, so that checking costs
nobody time.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from benchmarks.cells import Cell
from benchmarks.connection import Address, Answer, Connection
from benchmarks.content import TOKENS
from benchmarks.figures import Timing
from benchmarks.questions import Question, WrongAnswer, first_token
from benchmarks.statistic import percentile

#: Seconds beyond which answers are not waited for.
_PATIENCE = 30.0


async def run(address: Address, question: Question, cell: Cell, seconds: float) -> Timing:
    """Ask for some seconds, and a little longer: every question gets its answer.

    Raises:
        WrongAnswer: an answer was not exact, did not come, or did not come in time.
    """
    answers: list[Answer] = []
    connections = [await _open(address) for _ in range(cell.clients)]

    async def client(connection: Connection, number: int) -> None:
        await asyncio.sleep(cell.begins(number))
        while True:
            answers.append(await connection.ask(question.request))
            if answers[-1].ended - began >= seconds:
                return

    try:
        with _without_collections():
            began = time.perf_counter()
            async with asyncio.timeout(seconds + _PATIENCE), asyncio.TaskGroup() as group:
                for number, connection in enumerate(connections):
                    group.create_task(client(connection, number))
    except* (OSError, WrongAnswer) as failures:
        raise WrongAnswer(f"no answer: {failures.exceptions[0]!r}") from failures
    finally:
        for connection in connections:
            connection.close()
    for answer in answers:
        question.check(answer)
    return _timing(answers, cell, began)


async def ask_once(address: Address, question: Question) -> Answer:
    """Ask once, over a connection of its own, and check the answer.

    Raises:
        WrongAnswer: it was not exact, or did not come in time.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            connection = await _open(address)
            try:
                answer = await connection.ask(question.request)
            finally:
                connection.close()
    except OSError as error:
        raise WrongAnswer(f"no answer: {error!r}") from error
    question.check(answer)
    return answer


async def _open(address: Address) -> Connection:
    try:
        return await Connection.open(address)
    except OSError as error:
        raise WrongAnswer(f"no connection: {error!r}") from error


def _timing(answers: list[Answer], cell: Cell, began: float) -> Timing:
    lasted = [answer.ended - answer.asked for answer in answers]
    firsts = [first_token(answer) for answer in answers]
    gaps = [gap for answer in answers for gap in _gaps(answer)] if cell.stream else []
    return Timing(
        answers=len(answers),
        tokens=len(answers) * len(TOKENS),
        seconds=max(answer.ended for answer in answers) - began,
        p50=percentile(lasted, 0.5),
        p99=percentile(lasted, 0.99),
        first_p50=percentile(firsts, 0.5),
        first_p99=percentile(firsts, 0.99),
        gap_p99=percentile(gaps, 0.99) if gaps else 0.0,
        latest=max(lasted) - cell.nominal,
    )


def _gaps(answer: Answer) -> Iterator[float]:
    return (later - sooner for (sooner, _), (later, _) in pairwise(answer.arrivals))


@contextmanager
def _without_collections() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
