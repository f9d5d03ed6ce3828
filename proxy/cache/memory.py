"""A store in this process's memory, bounded by bytes: what was used longest ago goes first."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

#: What an entry takes beside its data: its key, its time, its places in the table. In bytes.
OVERHEAD: Final = 512


class MemoryStore:
    """A `Store`; its entries are lost with the process, and other processes don't see them.

    Args:
        max_bytes: What all entries may take together.
        max_entries: How many there may be; None for as many as fit.
        clock: Gives seconds, always forwards.
    """

    def __init__(
        self,
        max_bytes: int,
        max_entries: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._clock = clock
        #: Data, and the end of its time; what was used last stands last.
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._size = 0

    @property
    def kind(self) -> str:
        """The `type` that it is configured by."""
        return "local"

    @property
    def bounds(self) -> tuple[int, int | None]:
        """The bytes and the entries that there may be."""
        return self._max_bytes, self._max_entries

    @property
    def size(self) -> int:
        """What all entries take together, in bytes."""
        return self._size

    @property
    def count(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    async def get(self, key: str) -> bytes | None:
        """Give what is kept under a key, and still good."""
        found = self._entries.get(key)
        if found is None:
            return None
        data, end = found
        if self._clock() >= end:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return data

    async def put(self, key: str, data: bytes, seconds: float) -> None:
        """Keep data for a time; what is larger than the whole store is not kept."""
        self._drop(key)
        size = len(data) + OVERHEAD
        if size > self._max_bytes:
            return
        self._entries[key] = (data, self._clock() + seconds)
        self._size += size
        while self._is_too_full():
            self._drop(next(iter(self._entries)))

    async def delete(self, keys: Sequence[str]) -> int:
        """Forget what is kept under some keys; give how many there were."""
        return sum(self._drop(key) for key in keys)

    async def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._size = 0

    async def check(self) -> None:
        """Find out whether it can be read and written: memory always can."""

    def _is_too_full(self) -> bool:
        too_many = self._max_entries is not None and len(self._entries) > self._max_entries
        return too_many or self._size > self._max_bytes

    def _drop(self, key: str) -> bool:
        """Forget one entry; tell whether there was one."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self._size -= len(entry[0]) + OVERHEAD
        return True
