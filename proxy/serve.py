"""Runs the application under uvicorn: one process, or a supervisor with workers.

Knows uvicorn's settings and signals; refuses to know how the application is made: it is handed
over as a factory that survives pickling, since workers are spawned.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from yaml import YAMLError

from proxy.app import create_app
from proxy.cannot_start import CannotStart
from proxy.config.schema import ProxyConfig
from proxy.http_protocol import BoundedHttpProtocol
from proxy.server import Server
from proxy.telemetry import logs

#: Seconds that running requests get after SIGTERM.
_GRACE = 30

#: Write signatures and tokens at DEBUG.
_TALKATIVE = ("aioboto3", "aiobotocore", "boto3", "botocore", "urllib3")

_log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFactory:
    """Makes the application, in this process or in a spawned worker.

    Args:
        shared: A folder that all workers have in common, for what they count together; None where
            there is only one process.
        processes: How many serve together.
    """

    config: ProxyConfig
    master_key: SecretStr | None
    debug: bool = False
    shared: Path | None = None
    processes: int = 1

    def __call__(self) -> FastAPI:
        """Make the application from the environment of the process that it runs in."""
        try:
            return create_app(
                self.config,
                environ=os.environ,
                master_key=self.master_key,
                shared=self.shared,
                processes=self.processes,
            )
        except Exception as error:
            _log.exception("the application can't be built")
            # uvicorn's supervisor gives up on this code; any other one it would retry for ever
            raise SystemExit(STARTUP_FAILURE) from error

    def configure_logging(self) -> None:
        """Set this process's logging up as the configuration and `--debug` say."""
        settings = self.config.litellm_settings
        verbose = self.debug or settings.set_verbose
        logs.configure(
            level=logging.DEBUG if verbose else logging.INFO,
            as_json=settings.json_logs or None,
        )
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.INFO)


class ServerConfig(uvicorn.Config):
    """uvicorn's settings, with our logging beneath its own; each worker sets up its own."""

    app: AppFactory

    def configure_logging(self) -> None:
        """Set logging up; uvicorn calls this too."""
        self.app.configure_logging()
        super().configure_logging()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What the command line says about the server."""

    workers: int = 1
    #: Seconds that an idle connection is kept.
    keepalive: int = 65
    limit_concurrency: int | None = None
    log_config: str | None = None
    ssl_keyfile: str | None = None
    ssl_certfile: str | None = None
    ciphers: str | None = None
    debug: bool = False

    @property
    def scheme(self) -> str:
        """`https` when there is a certificate."""
        return "https" if self.ssl_certfile else "http"


def server_config(factory: AppFactory, settings: ServerSettings) -> ServerConfig:
    """Translate the settings for uvicorn, and try what may fail later in a worker.

    Raises:
        CannotStart: a certificate, a key, the ciphers or the log configuration is not usable.
    """
    _try_certificate(settings)
    try:
        return ServerConfig(
            factory,
            factory=True,
            workers=settings.workers,
            http=BoundedHttpProtocol,
            lifespan="on",
            ws="none",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_level="info" if settings.debug else "warning",
            log_config=settings.log_config,
            timeout_keep_alive=settings.keepalive,
            timeout_graceful_shutdown=_GRACE,
            limit_concurrency=settings.limit_concurrency,
            ssl_keyfile=settings.ssl_keyfile,
            ssl_certfile=settings.ssl_certfile,
            ssl_ciphers=settings.ciphers,
        )
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, YAMLError) as error:
        raise CannotStart(f"the log configuration {settings.log_config} can't be used") from error


def _try_certificate(settings: ServerSettings) -> None:
    if settings.ssl_certfile is None:
        if settings.ssl_keyfile or settings.ciphers:
            raise CannotStart("--ssl_keyfile_path and --ciphers need --ssl_certfile_path")
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile, password="")
        if settings.ciphers:
            context.set_ciphers(settings.ciphers)
    except (OSError, ValueError) as error:
        files = " with ".join(filter(None, (settings.ssl_certfile, settings.ssl_keyfile)))
        raise CannotStart(f"the certificate {files}, or --ciphers, can't be used") from error


def serve(config: ServerConfig, sockets: Sequence[socket.socket]) -> None:
    """Answer requests until SIGINT or SIGTERM.

    Raises:
        SystemExit: the signal came before there was a server (code 0), or the application can't
            start (code 3).
    """
    if config.workers > 1:
        with shared_folder() as folder:
            config.app = replace(config.app, shared=folder)
            _supervise(config, sockets)
        return
    # until the server takes them
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    Server(config).run(sockets=list(sockets))


def _supervise(config: uvicorn.Config, sockets: Sequence[socket.socket]) -> None:
    supervisor = Multiprocess(config, sockets=list(sockets))
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise SystemExit(STARTUP_FAILURE)


@contextmanager
def shared_folder() -> Iterator[Path]:
    """Make a folder for what workers share, in memory where the system has such a place."""
    in_memory = Path("/dev/shm")  # noqa: S108 - only the parent of a folder of our own
    place = in_memory if os.access(in_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sagegate-", dir=place) as folder:
        yield Path(folder)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
