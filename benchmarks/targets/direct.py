"""The fake runtime, and without a gateway: what all others are compared with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import certificate, processes
from benchmarks.cells import Cell
from benchmarks.connection import Address
from benchmarks.questions import Question, of_sagemaker
from benchmarks.targets.target import (
    ACCESS_KEY,
    FIRST,
    SECRET_KEY,
    Target,
    Upstream,
    await_first,
)

_ROOT = Path(__file__).parents[2]


@contextmanager
def upstream(
    folder: Path, cores: processes.Cores, *, tls: bool, verify: bool = False
) -> Iterator[tuple[Upstream, Target]]:
    """Run the fake runtime; give it, and the target that it is itself.

    Args:
        folder: For its certificate and its log.
        cores: It takes the last one.
        tls: Whether it speaks https.
        verify: Whether it refuses what is not signed: then it can't be asked directly.
    """
    made = certificate.make(folder) if tls else None
    address = Address(processes.free_port(), made.trusted() if made else None)
    arguments = [sys.executable, "-m", "benchmarks.upstream", str(address.port)]
    if made:
        arguments += ["--tls", str(made.chain), str(made.key)]
    if verify:
        arguments += ["--verify", ACCESS_KEY, SECRET_KEY]
    log = folder / "upstream.log"
    with processes.running(arguments, log=log, cores=cores.upstream, folder=_ROOT) as process:
        if not verify:
            await_first(process, address, ask(FIRST))
        authority = made.authority if made else None
        runtime = Upstream(address=address, process=process, authority=authority)
        yield runtime, Target(name="direct", address=address, ask=ask)


def ask(cell: Cell) -> Question:
    """Ask the runtime itself."""
    return of_sagemaker(cell.endpoint, stream=cell.stream)
