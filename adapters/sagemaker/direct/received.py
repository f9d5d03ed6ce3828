"""An answer that has come whole, head and body together: nothing can happen to it any more.

Knows only bytes: its connection may serve somebody else already.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from adapters.parts import NOW
from adapters.sagemaker.transport import MAX_BODY_BYTES, too_large


class Received:
    """An `adapters.sagemaker.transport.Response` without a connection."""

    __slots__ = ("_unread", "headers", "status", "whole")

    def __init__(self, status: int, headers: Mapping[str, str], whole: bytes) -> None:
        self.status = status
        self.headers = headers
        #: The body.
        self.whole: bytes | None = whole
        self._unread = whole

    def take(self) -> bytes:
        """Give the body; empty once it was read."""
        part, self._unread = self._unread, b""
        return part

    def more(self) -> Awaitable[None]:
        """Wait for nothing."""
        return NOW

    async def read_some(self) -> bytes:
        """Give the body; empty once it was read."""
        return self.take()

    async def read_all(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """Give the whole body."""
        if len(self._unread) > limit:
            raise too_large()
        return self.take()

    def close(self) -> None:
        """Do nothing: there is no connection to close."""
