"""Lines of JSON on standard error: as `logging` writes them, and past it where nobody else listens.

Knows bytes and handlers; refuses to know what a line tells.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import orjson

_ROOT: Final = logging.getLogger()
_OWN: Final = logging.getLogger("sagegate")
#: What the two would write in different ways is left to `json`.
_STRICT: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


class Lines(logging.StreamHandler[Any]):
    """Writes records as lines, and lines that are complete already."""

    def tell(self, event: str, level: str, told: dict[str, Any]) -> None:
        """Write a line of our own logger's, with its time; what keeps it is `logging`'s business.

        Args:
            event: Its name.
            level: In lower case.
            told: Its fields; the line's own are added to them.
        """
        told["event"], told["level"], told["logger"] = event, level, _OWN.name
        told["timestamp"] = _stamp(time.time_ns())
        try:
            self._write(dumped(told) + self.terminator)
        except Exception:  # noqa: BLE001 - as with every record: whoever logs is not to fail
            self.handleError(logging.makeLogRecord({"msg": event}))

    def _write(self, line: str) -> None:
        with self.lock:  # type: ignore[union-attr]  # handlers without one are not made
            self.stream.write(line)
            self.stream.flush()


def alone(level: int) -> Lines | None:
    """Give who alone would write our own logger's records of a level; None: ask `logging`.

    Whoever has set up more than `configure` does, in a file, in a callback or by a library, reads
    all of our records.
    """
    handlers = _ROOT.handlers
    if len(handlers) != 1 or _OWN.handlers or _OWN.filters or not _OWN.propagate:
        return None
    (only,) = handlers
    if not isinstance(only, Lines) or only.filters or only.level > level:
        return None
    return only if _OWN.isEnabledFor(level) else None


def dumped(told: Any, default: Callable[[Any], Any] = repr, **_: Any) -> str:
    """Give JSON without spaces, in ASCII, so that nothing in a line ends it for any reader.

    Args:
        told: Anything.
        default: Gives something else for what JSON has no word for.
    """
    try:
        line = orjson.dumps(told, option=_STRICT)
    except TypeError:
        line = b"\xff"
    if line.isascii():
        return line.decode()
    return json.dumps(told, default=default, separators=(",", ":"))


def _stamp(now: int) -> str:
    """Give a time in UTC as ISO 8601 has it.

    Args:
        now: Nanoseconds, as `time.time_ns` gives them.
    """
    return f"{_second(now // 1_000_000_000)}.{now // 1000 % 1_000_000:06d}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
