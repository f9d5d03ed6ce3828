"""The time that a call may take as a whole, whatever it waits for."""

from __future__ import annotations

import asyncio
from types import TracebackType

from adapters.errors import DeadlineExceeded


class within:  # noqa: N801 - used like a function, as `contextlib.suppress` is
    """End the block after so many seconds.

    Raises:
        DeadlineExceeded: it was not through by then.
    """

    __slots__ = ("_limit", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        """Begin."""
        await self._limit.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, in time or not."""
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise DeadlineExceeded.after(self._seconds) from late
        if isinstance(error, TimeoutError):
            raise DeadlineExceeded.after(self._seconds) from error
