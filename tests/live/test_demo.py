"""`sagegate demo`: what it prints works as pasted, and Ctrl-C ends all of it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def made_command() -> list[str]:
    """Give what `make demo` runs, once all is installed."""
    made = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    python, *arguments = shlex.split(made.stdout.splitlines()[-1])
    assert python.endswith("/bin/python")
    return [sys.executable, *arguments]


@pytest.fixture
def running_demo() -> Iterator[subprocess.Popen[str]]:
    """Run the demo in a process group of its own, as a terminal does."""
    command = [*made_command(), "--port", str(free_port())]
    process = subprocess.Popen(
        [*command, "--emulator_port", str(free_port())],
        cwd=ROOT,
        env={**os.environ, "LITELLM_MASTER_KEY": "sk-not-for-the-demo"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def read_calls(output: IO[str]) -> str:
    """Give what the demo prints to be pasted."""
    lines: list[str] = []
    for line in output:
        lines.append(line)
        if line == "EOF\n" and "# LangChain\n" in lines:
            break
    return "".join(lines[lines.index("# curl\n") :])


def test_the_printed_calls_work_and_ctrl_c_stops_everything(
    running_demo: subprocess.Popen[str],
) -> None:
    """The curl, the SDK and the LangChain snippet answer as pasted; Ctrl-C ends with code 0."""
    assert running_demo.stdout is not None
    calls = read_calls(running_demo.stdout)
    pasted = subprocess.run(
        ["bash", "-eu", "-c", calls], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert pasted.returncode == 0, pasted.stderr
    assert '"object":"chat.completion"' in pasted.stdout
    assert len(re.findall(r"You said: “(write a short poem|tell me why.*)”", pasted.stdout)) == 2
    os.killpg(running_demo.pid, signal.SIGINT)
    rest, errors = running_demo.communicate(timeout=20)
    assert running_demo.returncode == 0, errors
    assert "Stopped." in rest
    assert "Traceback" not in errors


def test_a_taken_port_is_one_clear_line() -> None:
    """When something already listens there, the demo says so and leaves nothing running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "proxy", "demo", "--port", port]
        done = subprocess.run(
            [*command, "--emulator_port", str(free_port())],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr
