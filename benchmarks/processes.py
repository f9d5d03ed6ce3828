"""Processes: how one is started on its cores, what it has used, how it is stopped.

Knows Linux's /proc; refuses to know what the processes do.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Seconds that a process may take to end.
_PATIENCE = 10.0
_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
#: Where a process's line in /proc has its user and system time, and its memory, behind its name.
_USER, _SYSTEM, _RESIDENT = 11, 12, 21


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where: the gateway by itself, as far as the machine has cores."""

    available: tuple[int, ...]

    @classmethod
    def of_this_machine(cls) -> Cores:
        """Give the cores that this process may use."""
        return cls(tuple(sorted(os.sched_getaffinity(0))))

    def gateway(self, workers: int = 1) -> tuple[int, ...]:
        """Give a gateway's cores: one for each worker, the first ones."""
        return self.available[:workers]

    @property
    def upstream(self) -> tuple[int, ...]:
        """Give the fake runtime's."""
        return self.available[-1:]

    @property
    def load(self) -> tuple[int, ...]:
        """Give the load generator's: the fake runtime's where there is no third one."""
        return self.available[-2:-1] if len(self.available) > 2 else self.available[-1:]  # noqa: PLR2004 - one each


class Process:
    """A child process with its descendants.

    Args:
        child: The process itself.
        log: What it writes.
    """

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self._child = child
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended, which none should by itself."""
        return self._child.poll() is not None

    @property
    def cpu(self) -> float:
        """Processor seconds that it and its descendants have used; they are all alive."""
        lines = (_stat(pid) for pid in _tree(self.pid))
        return sum(int(line[_USER]) + int(line[_SYSTEM]) for line in lines) / _TICK

    @property
    def memory(self) -> int:
        """Bytes that it and its descendants hold in memory."""
        return sum(int(_stat(pid)[_RESIDENT]) * _PAGE for pid in _tree(self.pid))

    @property
    def private_memory(self) -> int:
        """Bytes in memory that it alone has: what its end would give back."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        kilobytes = (line.split()[1] for line in lines if line.startswith("Private_"))
        return sum(map(int, kilobytes)) * 1024

    @property
    def files(self) -> int:
        """Its open files, sockets among them; without its descendants'."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    @property
    def threads(self) -> int:
        """Its threads."""
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    @property
    def last_words(self) -> str:
        """The end of what it has written."""
        return self._log.read_text(errors="replace")[-2000:]


@contextmanager
def running(
    arguments: Sequence[str],
    *,
    log: Path,
    cores: Sequence[int],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Process]:
    """Run a process, and end it: by SIGTERM, else by force.

    Args:
        arguments: The command.
        log: Takes both of its outputs.
        cores: Where it may run, and its descendants.
        environment: Variables on top of a plain environment, which names no account of anybody's.
        folder: Its working directory.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - the commands are the targets' own
            arguments,
            cwd=folder,
            env={**_plain_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        os.sched_setaffinity(child.pid, cores)
        yield Process(child, log)
    finally:
        child.terminate()
        try:
            child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _plain_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _tree(int(child))


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
