"""The real processes: how one is started, what it says, how it is stopped.

Knows subprocesses and their output. Refuses to know what they serve.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
#: Seconds that a process may take to say something, or to end.
PATIENCE = 30.0

_ADDRESS = re.compile(r"https?://\S+?:\d+(?=[\s,]|$)")
#: What a developer's or a build machine's environment may hold and no process here may see.
_FOREIGN = re.compile(
    r"(?i)(AWS_|LITELLM_|OPENAI_|CUSTOM_AWS_|LANGCHAIN_|LANGSMITH_|REDIS_).*"
    r"|HOST|PORT|NUM_WORKERS|DRAIN_NOTICE|DRAIN_TIMEOUT|CONFIG_FILE_PATH|DEBUG|DETAILED_DEBUG|(https?|all|no)_proxy"
)


def clean_environment(**added: str) -> dict[str, str]:
    """This process's environment without anything that steers a gateway, an SDK or AWS."""
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **added,
    }


class Process:
    """A child process; both of its outputs are kept, line by line."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._said = threading.Condition()
        self._out: list[str] = []
        self._err: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self._child.stdout, self._out), (self._child.stderr, self._err))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def out(self) -> str:
        """What it has written to its standard output."""
        with self._said:
            return "".join(self._out)

    @property
    def err(self) -> str:
        """What it has written to its standard error."""
        with self._said:
            return "".join(self._err)

    @property
    def failures(self) -> list[str]:
        """Tracebacks and log lines of level error: a server has none, whatever it is asked."""
        marks = ("Traceback (most recent", '{"event": "Traceback')
        lines = self.err.splitlines()
        return [line for line in lines if line.startswith(marks) or '"level":"error"' in line]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    def address(self) -> str:
        """The first base URL that it announces."""
        self._until(lambda: _ADDRESS.search("".join(self._out)) is not None, "an address")
        match = _ADDRESS.search(self.out)
        assert match is not None
        return match[0]

    def wait_for_line(self, *texts: str, since: int = 0) -> str:
        """The first line of its standard error, from character `since` on, with all the texts."""
        found: list[str] = []

        def said() -> bool:
            lines = "".join(self._err)[since:].splitlines()
            found[:] = [line for line in lines if all(text in line for text in texts)][:1]
            return bool(found)

        self._until(said, f"a line with {texts}")
        return found[0]

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._child.send_signal(number)

    def ended(self) -> int:
        """Waits for its end; the exit code."""
        code = self._child.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        """Ends it whatever it does, and gives its pipes back."""
        if self.running:
            self._child.kill()
        self.ended()
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    def _read(self, pipe: IO[str], lines: list[str]) -> None:
        for line in pipe:
            with self._said:
                lines.append(line)
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        def done() -> bool:
            return reached() or not any(reader.is_alive() for reader in self._readers)

        with self._said:
            self._said.wait_for(done, PATIENCE)
            if not reached():
                raise AssertionError(f"no {what}:\n{''.join(self._out)}\n{''.join(self._err)}")


@contextmanager
def running(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """Runs a server; afterwards SIGTERM must end it with code 0, and it must not have tripped."""
    process = Process(arguments, environment)
    try:
        yield process
        process.send(signal.SIGTERM)
        code = process.ended()
        assert code == 0, f"exit code {code}:\n{process.err}"
        assert not process.failures, process.failures
    finally:
        process.kill()
