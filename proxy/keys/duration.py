"""Spans of time as LiteLLM spells them: `30s`, `15m`, `24h`, `7d`, `2w`, `1mo`."""

from __future__ import annotations

import re
from typing import Final

_SPELLING: Final = re.compile(r"([1-9]\d{0,8})(s|m|h|d|w|mo)")
#: A month is 30 days.
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000}


def seconds_of(text: str) -> float:
    """Give the seconds of a span.

    Raises:
        ValueError: it is none; says how one is spelt.
    """
    match = _SPELLING.fullmatch(text)
    if match is None:
        raise ValueError("expected a span of time such as 30s, 15m, 24h, 7d, 2w or 1mo")
    return float(int(match[1]) * _SECONDS[match[2]])
