"""Runs the application under uvicorn: one process, or a supervisor with workers.

Knows uvicorn's settings and signals; refuses to know how the application is made: it is handed
over as a factory that survives pickling, since workers are processes of their own.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from yaml import YAMLError

from adapters.value import value
from proxy.app import create_app
from proxy.cannot_start import CannotStart
from proxy.exposure import is_loopback
from proxy.http_bounds import Bounds, connections_by_default
from proxy.http_protocol import BoundedHttpProtocol
from proxy.lifecycle.control import Reread
from proxy.lifecycle.plan import Plan
from proxy.server import Patience, Server
from proxy.telemetry import logs

#: Seconds for which load balancers are told of the end before it comes.
_NOTICE = 5.0


@value(frozen=True, slots=True, kw_only=True)
class AppFactory:
    """Makes the application, in this process or in a worker.

    Args:
        plan: What it serves.
        reread: Gives what it serves after a reload; None in a worker.
        debug: Log more.
        log_config: Logging is set up by that file, and not changed later.
        shared: A folder that all workers of a gateway have in common, for what they count
            together; None where there is only one process. The supervisor makes it, in memory
            where it can, and removes it at its end.
        processes: How many serve together.
    """

    plan: Plan
    reread: Reread | None = None
    debug: bool = False
    log_config: str | None = None
    shared: Path | None = None
    processes: int = 1

    def __call__(self) -> FastAPI:
        """Make the application, and the environment of the process that it runs in."""
        self.plan.settle(os.environ)
        return create_app(
            self.plan,
            reread=self.reread,
            settle=self._settle,
            processes=self.processes,
            shared=self.shared,
        )

    def configure_logging(self) -> None:
        """Set this process's logging up as the configuration and `--debug` say."""
        self._configure_logging(self.plan)

    def _settle(self, plan: Plan) -> None:
        plan.settle(os.environ)
        if self.log_config is None:
            self._configure_logging(plan)

    def _configure_logging(self, plan: Plan) -> None:
        settings = plan.config.litellm_settings
        verbose = self.debug or settings.set_verbose
        logs.configure(
            level=logging.DEBUG if verbose else logging.INFO,
            as_json=settings.json_logs or None,
        )


class ServerConfig(uvicorn.Config):
    """uvicorn's settings, with our logging beneath its own; each worker sets up its own."""

    app: AppFactory

    def configure_logging(self) -> None:
        """Set logging up; uvicorn calls this too."""
        self.app.configure_logging()
        super().configure_logging()


@value(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What the command line says about the server."""

    workers: int = 1
    #: Seconds that an idle connection is kept.
    keepalive: int = 65
    #: Seconds; see `Patience`. None: none on loopback, where no load balancer waits.
    drain_notice: float | None = None
    drain_timeout: float = 60
    #: Connections at once, in each process; None: as many as it may open files for.
    limit_concurrency: int | None = None
    #: Seconds; see `Bounds`.
    headers_timeout: float = 10
    body_timeout: float = 30
    write_timeout: float = 60
    #: Seconds for which browsers keep to https; None does not ask them to.
    hsts_max_age: int | None = None
    log_config: str | None = None
    ssl_keyfile: str | None = None
    ssl_certfile: str | None = None
    ciphers: str | None = None
    debug: bool = False

    @property
    def scheme(self) -> str:
        """`https` when there is a certificate."""
        return "https" if self.ssl_certfile else "http"

    @property
    def bounds(self) -> Bounds:
        """Give what a connection may cost."""
        return Bounds(
            headers=self.headers_timeout,
            body=self.body_timeout,
            write=self.write_timeout,
            connections=self.limit_concurrency or connections_by_default(),
        )

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Give the headers of every answer."""
        headers = [("x-content-type-options", "nosniff")]
        if self.hsts_max_age is not None:
            headers.append(("strict-transport-security", f"max-age={self.hsts_max_age}"))
        return headers

    def patience_at(self, host: str) -> Patience:
        """Give the times of the end for a gateway that listens on a host."""
        notice = self.drain_notice
        if notice is None:
            notice = 0.0 if is_loopback(host) else _NOTICE
        return Patience(notice=notice, grace=self.drain_timeout)


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
            http=cast("Any", partial(BoundedHttpProtocol, bounds=settings.bounds)),
            headers=settings.headers,
            lifespan="on",
            ws="none",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_level="info" if settings.debug else "warning",
            log_config=settings.log_config,
            timeout_keep_alive=settings.keepalive,
            ssl_keyfile=settings.ssl_keyfile,
            ssl_certfile=settings.ssl_certfile,
            ssl_ciphers=settings.ciphers,
        )
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, YAMLError) as error:
        raise CannotStart(f"the log configuration {settings.log_config} can't be used") from error


def _try_certificate(settings: ServerSettings) -> None:
    if settings.ssl_certfile is None:
        if settings.ssl_keyfile or settings.ciphers or settings.hsts_max_age is not None:
            raise CannotStart(
                "--ssl_keyfile_path, --ciphers and --hsts_max_age need --ssl_certfile_path"
            )
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile, password="")
        if settings.ciphers:
            context.set_ciphers(settings.ciphers)
    except (OSError, ValueError) as error:
        files = " with ".join(filter(None, (settings.ssl_certfile, settings.ssl_keyfile)))
        raise CannotStart(f"the certificate {files}, or --ciphers, can't be used") from error


def serve(config: ServerConfig, patience: Patience, sockets: Sequence[socket.socket]) -> None:
    """Answer requests until SIGINT or SIGTERM.

    Raises:
        SystemExit: the signal came before there was a server (code 0), the application can't
            start (code 3), or a worker had to be killed in the end (code 1).
    """
    # until there is somebody to take them
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if config.workers == 1:
        Server(config, patience).run(list(sockets))
        return
    from proxy.lifecycle.supervised import supervise  # noqa: PLC0415 - only several need one

    supervise(config, patience, sockets)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
