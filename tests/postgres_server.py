"""A real PostgreSQL on loopback: a process of its own on a free port, in a folder of its own.

The distribution's server where there is one, else the one inside the `pgserver` package. With
neither, a test that asks for PostgreSQL fails and says so. It never runs as root, which PostgreSQL
refuses: root's server runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.redis_server import TRIES, free_port

PATIENCE = 30.0
READY = "ready to accept connections"
PASSWORD = "correct-horse"
_USER = "nobody" if os.getuid() == 0 else None


def programs() -> Path:
    """Give the folder of PostgreSQL's programs.

    Raises:
        pytest.fail.Exception: If this machine has none.
    """
    found = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    initdb = shutil.which("initdb", path=os.pathsep.join([*found, os.environ.get("PATH", "")]))
    if initdb:
        return Path(initdb).resolve().parent
    wheel = importlib.util.find_spec("pgserver")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    pytest.fail("no PostgreSQL here: neither a server's programs nor the package pgserver")


@dataclass
class PostgresServer:
    """One server with one database, which a test may stop and start again."""

    folder: Path
    port: int = 0
    _process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Its address, as `database_url` takes it."""
        return f"postgresql://owner:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make the database's files."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if _USER is not None:
            for path in (self.folder, secret):
                shutil.chown(path, _USER)
        arguments = ["-D", str(self.folder / "data"), "-U", "owner", "--pwfile", str(secret)]
        subprocess.run(
            [str(programs() / "initdb"), *arguments, "-A", "scram-sha-256", "-N", "-E", "UTF8"],
            check=True,
            capture_output=True,
            user=_USER,
            timeout=PATIENCE,
        )

    def start(self) -> None:
        """Start it: on a free port the first time, on the same port ever after."""
        for _ in range(1 if self.port else TRIES):
            port = self.port or free_port()
            if self._launch(port):
                self.port = port
                return
        pytest.fail("PostgreSQL does not start")

    def stop(self) -> None:
        """End it at once, with all of its connections; nothing if it does not run."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=PATIENCE)
        self._process = None

    def _launch(self, port: int) -> bool:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self._process = subprocess.Popen(
            [
                str(programs() / "postgres"),
                *("-D", str(self.folder / "data"), "-p", str(port)),
                *options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            user=_USER,
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if READY in line:
                return True
        self.stop()
        return False


@contextmanager
def serve_postgres() -> Iterator[PostgresServer]:
    """Run a server of one's own."""
    with tempfile.TemporaryDirectory(prefix="sagegate-postgres-") as folder:
        server = PostgresServer(Path(folder))
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
