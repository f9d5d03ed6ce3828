"""Where answers are kept: bytes under a key, for a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class StoreUnavailable(Exception):
    """The store can't be asked now; requests go on without it."""


class Store(Protocol):
    """Every method raises `StoreUnavailable` where the store can't be asked."""

    @property
    def kind(self) -> str:
        """The `type` that it is configured by."""
        ...

    async def get(self, key: str) -> bytes | None:
        """Give what is kept under a key, and still good."""
        ...

    async def put(self, key: str, data: bytes, seconds: float) -> None:
        """Keep data for a time."""
        ...

    async def delete(self, keys: Sequence[str]) -> int:
        """Forget what is kept under some keys; give how many there were."""
        ...

    async def clear(self) -> None:
        """Forget everything."""
        ...

    async def check(self) -> None:
        """Find out whether it can be read and written."""
        ...
