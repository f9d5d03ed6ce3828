"""A client that reads a stream and keeps nothing of it but how many events there were."""

from __future__ import annotations

import asyncio
from typing import Final, cast

_EVENT: Final = b"data: "
_END: Final = b"data: [DONE]"
_GOOD: Final = b"HTTP/1.1 200"


class Reader(asyncio.Protocol):
    """One stream; it asks once it is connected.

    Args:
        request: The whole request.
    """

    _transport: asyncio.Transport

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._head = b""
        #: Events so far.
        self.events = 0
        self.is_open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count events; each comes in a write of its own, and is never cut."""
        self._head = self._head or data[: len(_GOOD)]
        self.events += data.count(_EVENT)
        self.is_open = self.is_open and _END not in data

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        del exc
        self.is_open = False

    @property
    def streams(self) -> bool:
        """Whether a good answer is being read."""
        return self.is_open and self._head == _GOOD and self.events > 0

    def close(self) -> None:
        """Leave."""
        self._transport.abort()
