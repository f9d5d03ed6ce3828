"""Starts a Python module as a process of its own, and reads from its first lines where it serves.

Refuses to know what it serves.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_PATIENCE = 60  # seconds to serve, and to stop
#: What a process needs of the machine; nothing that AWS's libraries or the gateway would read.
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG")


@contextmanager
def running(*module_and_arguments: str) -> Iterator[str]:
    """Runs `python -m …` from the project's folder; gives the first address that it prints.

    Raises:
        RuntimeError: It did not print one.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *module_and_arguments],
        cwd=ROOT,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _address(process: subprocess.Popen[str]) -> str:
    impatience = threading.Timer(_PATIENCE, process.kill)
    impatience.start()
    try:
        for line in process.stdout or ():
            found = _ADDRESS.search(line)
            if found:
                return found[0]
    finally:
        impatience.cancel()
    raise RuntimeError(f"{process.args!r} did not say where it serves, and ended: {process.wait()}")
