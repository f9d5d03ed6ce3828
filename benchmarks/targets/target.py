"""What all targets have in common, and what they are started with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import load
from benchmarks.cells import Cell
from benchmarks.connection import Address
from benchmarks.processes import Cores, Process
from benchmarks.questions import Question, WrongAnswer, of_openai

ACCESS_KEY: Final = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY: Final = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 - AWS's own example
REGION: Final = "us-east-1"
#: What callers say to gateways that want a key.
CALLER_KEY: Final = "sk-benchmarks"
#: Seconds that a target may take to give its first answer.
_PATIENCE = 60.0
FIRST = Cell(name="the first answer", clients=1)


class NotStarted(Exception):
    """A target that gives no right answer in time; its last words are in the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The fake runtime that every target stands in front of."""

    address: Address
    process: Process
    #: The certificates that it is trusted by; None without TLS.
    authority: Path | None

    @property
    def url(self) -> str:
        """Give its base URL."""
        scheme = "https" if self.authority else "http"
        return f"{scheme}://localhost:{self.address.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is asked.

    Args:
        name: In tables.
        address: Where it listens.
        ask: Gives a cell's question in its words.
        process: None where there is nothing between the clients and the runtime.
        start: Seconds from its start to its first answer.
        memory: Bytes that it held then.
    """

    name: str
    address: Address
    ask: Callable[[Cell], Question]
    process: Process | None = None
    start: float = 0.0
    memory: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where targets are started: the runtime behind them, a folder of their own, their cores."""

    upstream: Upstream
    folder: Path
    cores: Cores


#: Starts a target, and ends it.
Start = Callable[[Ground], AbstractContextManager[Target]]


def speaking_openai(path: str, model: Callable[[Cell], str]) -> Callable[[Cell], Question]:
    """Give the questions for a gateway that serves chats under a path, by its names of models."""
    return lambda cell: of_openai(path, model(cell), CALLER_KEY, stream=cell.stream)


@contextmanager
def started(
    name: str,
    ask: Callable[[Cell], Question],
    running: AbstractContextManager[Process],
    port: Callable[[Process], int],
) -> Iterator[Target]:
    """Run a target's process, and wait for its first right answer.

    Args:
        name: In tables.
        ask: Gives a cell's question in its words.
        running: Its process.
        port: Where that listens.

    Raises:
        NotStarted: there was none in time.
    """
    began = time.perf_counter()
    with running as process:
        address = Address(port(process))
        await_first(process, address, ask(FIRST))
        start = time.perf_counter() - began
        yield Target(
            name=name,
            address=address,
            ask=ask,
            process=process,
            start=start,
            memory=process.memory,
        )


def await_first(process: Process, address: Address, question: Question) -> None:
    """Wait for a process's first right answer.

    Raises:
        NotStarted: there was none in time.
    """
    ends = time.perf_counter() + _PATIENCE
    while True:
        try:
            asyncio.run(load.ask_once(address, question))
        except WrongAnswer as wrong:
            if process.ended or time.perf_counter() > ends:
                raise NotStarted(f"{wrong}\n{process.last_words}") from wrong
            time.sleep(0.005)
        else:
            return
