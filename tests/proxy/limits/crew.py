"""Starts `worker.py` as processes, and ends them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE = 30.0


class Worker:
    """One process."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proxy.limits.worker", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def says(self) -> str:
        """Give its next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)


@contextmanager
def crew_of(number: int, *arguments: str) -> Iterator[list[Worker]]:
    """So many workers, ready."""
    with ExitStack() as stack:
        workers = []
        for _ in range(number):
            worker = Worker(*arguments)
            stack.callback(worker.kill)
            workers.append(worker)
        for worker in workers:
            assert worker.says() == "ready"
        yield workers
