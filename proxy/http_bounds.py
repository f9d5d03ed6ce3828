"""What a connection may cost: its times, and how many there may be at once.

Knows numbers only; `http_protocol` keeps them.
"""

from __future__ import annotations

import resource
from typing import Final

from adapters.value import value

#: Bytes a second: whoever sends a body at least this fast may take as long as the body needs.
BODY_RATE: Final = 16 * 1024
#: Requests of one connection that may wait for the first one's answer.
MAX_PIPELINED: Final = 16

_MOST_CONNECTIONS: Final = 10_000
#: Files that a process needs for itself, and what a request needs: its client's and SageMaker's.
_OWN_FILES: Final = 100
_FILES_OF_A_REQUEST: Final = 2


def connections_by_default() -> int:
    """Give how many connections the process's limit of open files has room for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(1, min(_MOST_CONNECTIONS, (files - _OWN_FILES) // _FILES_OF_A_REQUEST))


@value(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one process's connections.

    Args:
        headers: Seconds from a connection's beginning, or from a further request's first byte,
            to the end of the request's headers.
        body: Seconds from there to the end of its body, and one more for each `BODY_RATE` bytes.
        write: Seconds for which a client may take nothing of what waits for it.
        connections: At once.
    """

    headers: float = 10.0
    body: float = 30.0
    write: float = 60.0
    connections: int = _MOST_CONNECTIONS

    def body_seconds(self, received: int) -> float:
        """Give the seconds that a body of which so many bytes are there may have taken."""
        return self.body + received / BODY_RATE
