"""Where an error was raised, in place of its traceback: what a log line may have of it.

Knows frames and file names; never looks at what an error says, or at source code.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_PACKAGES: Final = frozenset({"proxy", "adapters", "emulator"})


def place_of_raise(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put `error_type` and `error_at` in the place of a line's traceback; a structlog processor.

    `error_at` is the innermost line of the gateway's own, such as `proxy/sse.py:92`, with the line
    that raised behind it where that is somebody else's: `adapters/framing.py:61 > decoder.py:355`.
    """
    event.pop("stack_info", None)
    error = _error(event.pop("exc_info", None))
    if error is not None:
        event["error_type"] = type(error).__name__
        event["error_at"] = _place(error.__traceback__)
    return event


def _error(told: Any) -> BaseException | None:
    """Give what a line is about, in each of the ways in which callers may tell it."""
    if isinstance(told, tuple):
        told = told[1]
    elif told is True:
        told = sys.exc_info()[1]
    return told if isinstance(told, BaseException) else None


def _place(trace: TracebackType | None) -> str | None:
    own = last = None
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        last, is_own = f"{file.name}:{trace.tb_lineno}", file.is_relative_to(_ROOT)
        if is_own and (path := file.relative_to(_ROOT)).parts[0] in _PACKAGES:
            own = last = f"{path.as_posix()}:{trace.tb_lineno}"
        trace = trace.tb_next
    return last if own in {None, last} else f"{own} > {last}"
