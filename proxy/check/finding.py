"""What the doctor finds: one sentence, how bad it is, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from adapters.base import Json

#: `unknown` could not be looked at, and says nothing of the deployment.
Level = Literal["ok", "hint", "unknown", "warning", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    #: What was looked at: a stable name, such as `endpoint`.
    check: str
    text: str
    #: What to do; may be several lines, ready to be pasted.
    advice: str | None = None

    def document(self) -> Json:
        """Give it for machines."""
        advice = {} if self.advice is None else {"advice": self.advice}
        return {"level": self.level, "check": self.check, "text": self.text, **advice}


def count(findings: Iterable[Finding], level: Level) -> int:
    """Count those of one level."""
    return sum(each.level == level for each in findings)
