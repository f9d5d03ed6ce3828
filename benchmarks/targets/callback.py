"""A callback as operators write them: it counts calls and their tokens."""

from __future__ import annotations

from collections import Counter
from typing import Any


class Calls:
    """Counts what was answered."""

    def __init__(self) -> None:
        self.tokens: Counter[str] = Counter()

    def success(self, record: Any) -> None:
        """Count an answer."""
        self.tokens[record.model] += (record.usage or {}).get("completion_tokens", 0)


counter = Calls()
