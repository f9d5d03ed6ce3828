"""What checks have found last, by deployment; shared by the workers of a gateway.

Knows findings and their file; refuses to know how one is made. Times are Unix time, since workers
read each other's.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from adapters.base import Json
from proxy.health.small_call import SmallCall
from proxy.wildcards.catalogue import SERVING

_FILE: Final = "health.json"
_LOCK: Final = "health.lock"

#: AWS does not tell, or has not yet.
UNKNOWN: Final = "unknown"


def called(call: SmallCall) -> Json:
    """Give a small call as the board has it."""
    error = call.error
    return {
        "ok": error is None,
        "status": call.status,
        "task": call.task,
        "latency_ms": round(call.seconds * 1000),
        "error_type": None if error is None else type(error).__name__,
        "error_code": None if error is None else error.code,
        "error": None if error is None else error.message,
    }


class Board:
    """The findings of one gateway.

    Args:
        folder: The workers' folder; None for a process that serves alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._found: dict[str, Json] = {}

    def inherit(self, before: Board) -> None:
        """Take over what a board before this one had found."""
        self._found = dict(before._found)

    def is_due(self, deployment: str, kind: str, interval: float) -> bool:
        """Whether a finding is missing, or older than so many seconds."""
        found = self._found.get(deployment, {}).get(kind)
        return found is None or time.time() - found["at"] >= interval

    def put(self, deployment: str, kind: str, finding: Json) -> None:
        """Keep a finding of this moment."""
        mine = self._found.setdefault(deployment, {})
        mine[kind] = {**finding, "at": time.time()}

    def told(self, deployment: str) -> Json:
        """Give what is known of a deployment, with the age of each finding in seconds."""
        now = time.time()
        return {
            kind: {
                **{name: value for name, value in finding.items() if name != "at"},
                "seconds_ago": round(max(now - finding["at"], 0.0), 1),
            }
            for kind, finding in self._found.get(deployment, {}).items()
        }

    def read(self) -> None:
        """Learn what other workers have found; takes as long as reading a small file does."""
        if self._folder is None:
            return
        with suppress(FileNotFoundError):
            found: dict[str, Json] = json.loads((self._folder / _FILE).read_text(encoding="utf-8"))
            self._found = found

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Hold, for the block, the turn to check; False where another worker has it.

        What has been found in it is there for all afterwards.
        """
        if self._folder is None:
            yield True
            return
        with (self._folder / _LOCK).open("a", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            self.read()
            yield True
            self._write(self._folder / _FILE)

    def _write(self, path: Path) -> None:
        coming = path.with_suffix(".new")
        coming.write_text(json.dumps(self._found), encoding="utf-8")
        coming.replace(path)


def is_bad(told: Mapping[str, Any]) -> bool:
    """Whether findings say that a deployment can't be counted on."""
    call, endpoint = told.get("call"), told.get("endpoint_state")
    if call is not None and not call["ok"]:
        return True
    return endpoint is not None and endpoint["status"] not in {*SERVING, UNKNOWN}
