"""Things that come one after the other: taken where they are there, waited for where they are not.

A stream's tokens pass through several of these. A take is a plain call through all of them, and one
reader at their end waits, so that a token costs no coroutine of each. Knows nothing of the things.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Generator
from typing import Any, Final, Generic, Self, TypeVar

T = TypeVar("T")


class _Now:
    """What is awaited in vain: it is there already."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from ()


#: For `more`, where there is something to take.
NOW: Final[Awaitable[None]] = _Now()


class Parts(ABC, Generic[T]):
    """An asynchronous iterator whose reader may also take what is there without waiting."""

    @abstractmethod
    def take(self) -> T | None:
        """Give what comes next, or None where that is not there yet.

        Raises:
            StopAsyncIteration: nothing comes any more.
            Exception: whatever went wrong, also while it was waited.
        """

    @abstractmethod
    def more(self) -> Awaitable[object]:
        """Wait until there may be something to take, or nothing comes any more."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while (part := self.take()) is None:
            await self.more()
        return part


class Awaited(Parts[T]):
    """The parts of an iterator that can only be waited for."""

    def __init__(self, iterator: AsyncIterator[T]) -> None:
        self._next = iterator.__anext__
        self._part: T | None = None
        self._failure: Exception | None = None

    def take(self) -> T | None:
        """Give what has been waited for."""
        part, failure = self._part, self._failure
        self._part = self._failure = None
        if failure is not None:
            raise failure
        return part

    async def more(self) -> None:
        """Wait for the next one."""
        try:
            self._part = await self._next()
        except Exception as failure:  # noqa: BLE001 - raised by `take`, the iterator's end as well
            self._failure = failure


def parts_of(source: AsyncIterable[T]) -> Parts[T]:
    """Give what comes of a source as parts; itself, where it is such."""
    iterator = aiter(source)
    return iterator if isinstance(iterator, Parts) else Awaited(iterator)
