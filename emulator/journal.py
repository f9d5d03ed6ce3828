"""The journal: what arrived, what is under way, and what callers cut off.

Tests in other processes read it over the control routes. Knows nothing of signatures or endpoints.
"""

import asyncio
import base64
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emulator.faults.base import Operation

_OPEN = "open"


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request.

    Attributes:
        request_id: The id that its answer carries.
        operation: `invoke` or `stream`; on the native OpenAI path by what the body asks for.
        path: The URL's path.
        endpoint: The endpoint's name.
        component: The inference component that it names, if any.
        headers: Lower-case names; repeated ones are joined with a comma.
        body: The exact bytes.
        outcome: `open` while under way; then `200`, an error's status and name, `cut`, `reset`.
        arrived: When its body was complete.
    """

    request_id: str
    operation: Operation
    path: str
    endpoint: str
    component: str | None
    headers: Mapping[str, str]
    body: bytes
    outcome: str = _OPEN
    arrived: datetime = field(default_factory=lambda: datetime.now(UTC))

    def to_json(self) -> dict[str, Any]:
        """The entry for the control route: the body as text and, exactly, as base64."""
        return {
            "request_id": self.request_id,
            "arrived": self.arrived.isoformat(),
            "operation": self.operation,
            "path": self.path,
            "endpoint": self.endpoint,
            "component": self.component,
            "outcome": self.outcome,
            "headers": dict(self.headers),
            "body": self.body.decode(errors="replace"),
            "body_base64": base64.b64encode(self.body).decode(),
        }


class Journal:
    """The last requests, oldest first, and the counts of those open and cut."""

    def __init__(self, length: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=length)
        self._changed = asyncio.Condition()
        self.open = 0
        self.cut = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The requests that are kept."""
        return tuple(self._entries)

    async def begin(self, entry: Entry) -> None:
        """Notes a request that has arrived."""
        self._entries.append(entry)
        self.open += 1
        await self._announce()

    async def end(self, entry: Entry, outcome: str) -> None:
        """Notes how it ended, unless that is noted already.

        `cut` means that the caller left before the answer was complete.
        """
        if entry.outcome != _OPEN:
            return
        entry.outcome = outcome
        self.open -= 1
        self.cut += outcome == "cut"
        await self._announce()

    def clear(self) -> None:
        """Forgets the requests and the number cut; those under way stay counted as open."""
        self._entries.clear()
        self.cut = 0

    async def until(self, *, open_: int | None, cut: int | None, seconds: float) -> None:
        """Waits until exactly `open_` requests are open and at least `cut` were cut.

        Raises:
            TimeoutError: It did not happen in time.
        """

        def reached() -> bool:
            return (open_ is None or self.open == open_) and (cut is None or self.cut >= cut)

        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(reached)

    async def _announce(self) -> None:
        async with self._changed:
            self._changed.notify_all()
