"""Several processes that serve together, and the one that starts them.

Knows how a worker is started and what all share; refuses to know what is served.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import TYPE_CHECKING

from proxy.lifecycle.plan import Plan
from proxy.lifecycle.supervisor import Supervisor
from proxy.lifecycle.worker import work
from proxy.server import Patience
from proxy.telemetry.metrics.values import bury

if TYPE_CHECKING:
    from proxy.serve import ServerConfig


def supervise(config: ServerConfig, patience: Patience, sockets: Sequence[socket.socket]) -> None:
    """Serve with several processes until SIGINT or SIGTERM.

    Raises:
        SystemExit: none can start (code 3), or one had to be killed in the end (code 1).
    """
    with shared_folder() as folder:
        config.app = replace(config.app, shared=folder)
        code = asyncio.run(_supervised(config, patience, sockets, folder))
    if code:
        raise SystemExit(code)


async def _supervised(
    config: ServerConfig, patience: Patience, sockets: Sequence[socket.socket], shared: Path
) -> int:
    """Serve with several processes; give the exit code."""
    factory = replace(config.app, reread=None)
    plan = factory.plan
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["proxy.lifecycle.ground"])

    def spawn(plan: Plan, number: int, end: socket.socket) -> ForkServerProcess:
        config.app = replace(factory, plan=plan)
        joining = {"end": end, "plan": number, "shared": factory.shared}
        worker = context.Process(target=work, args=(config, patience, sockets), kwargs=joining)
        worker.start()
        return worker

    supervisor = Supervisor(
        plan=plan,
        reread=config.app.reread or (lambda: plan),
        spawn=spawn,
        sockets=sockets,
        patience=patience,
        bury=partial(bury, shared),
    )
    return await supervisor.run(config.workers)


@contextmanager
def shared_folder() -> Iterator[Path]:
    """Make a folder for what workers share, in memory where the system has such a place."""
    in_memory = Path("/dev/shm")  # noqa: S108 - only the parent of a folder of our own
    place = in_memory if os.access(in_memory, os.W_OK) else None
    if place is not None:  # for the socket to `ground`, too: no other place need be writable
        tempfile.tempdir = str(place)
    with tempfile.TemporaryDirectory(prefix=f"sagegate-{os.getpid()}-", dir=place) as folder:
        yield Path(folder)
