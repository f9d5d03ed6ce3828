"""Asks one identity's control plane, everything once only and a few things at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol


class Plane(Protocol):
    """What is asked, by its methods' names; an `adapters.sagemaker.control_plane.ControlPlane`."""

    @property
    def clock_skew(self) -> float | None:
        """Seconds that this machine's clock is ahead of AWS's."""
        ...


class Questions:
    """A control plane that is asked everything once only."""

    def __init__(self, plane: Plane, places: asyncio.Semaphore) -> None:
        self._plane = plane
        self._places = places
        self._asked: dict[tuple[Any, ...], asyncio.Task[Any]] = {}

    @property
    def clock_skew(self) -> float | None:
        """Seconds that this machine's clock is ahead of AWS's."""
        return self._plane.clock_skew

    def ask(self, operation: str, *arguments: Any) -> Awaitable[Any]:
        """Ask the control plane's method of that name.

        Raises:
            GatewayError: the method's own.
        """
        key = (operation, *arguments)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._answer(*key))
        return self._asked[key]

    async def _answer(self, operation: str, *arguments: Any) -> Any:
        async with self._places:
            return await getattr(self._plane, operation)(*arguments)
