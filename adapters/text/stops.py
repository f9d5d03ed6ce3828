"""Stop texts, for containers that know none: an answer ends with the first one that is complete.

As with containers that do know them, the stop text itself is not part of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence


class StopCutter:
    """Cuts a text that comes in pieces; holds back only what may be the beginning of a stop text.

    Args:
        stops: The stop texts; empty ones stop nothing.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        #: Whether a stop text has been met; what comes behind it is no answer.
        self.stopped = False

    def feed(self, piece: str) -> str:
        """Take a piece; give what is certainly part of the answer."""
        if self.stopped or not self._stops:
            return "" if self.stopped else piece
        text = self._held + piece
        found = [
            (start + len(stop), start) for stop in self._stops if (start := text.find(stop)) >= 0
        ]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)[1]]
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """Take the end of the text; give what was held back."""
        held, self._held = self._held, ""
        return held


def cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """Give a whole text up to its first stop text, and whether it had one."""
    if not stops:
        return text, False
    cutter = StopCutter(stops)
    kept = cutter.feed(text)
    return kept + cutter.finish(), cutter.stopped


def _overlap(text: str, stop: str) -> int:
    """Count the characters at the text's end that a stop text begins with."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
