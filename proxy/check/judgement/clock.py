"""This machine's clock against AWS's: signatures hold for minutes only."""

from __future__ import annotations

from typing import Final

from proxy.check.finding import Finding, Level

#: Seconds.
_WORTH_A_WORD: Final = 60
_TOO_FAR: Final = 240


def clock(ahead: float) -> Finding:
    """Judge how many seconds the clock is ahead of AWS's; negative: behind."""
    off = abs(ahead)
    way = "ahead of" if ahead > 0 else "behind"
    level: Level = "failure" if off > _TOO_FAR else "warning" if off > _WORTH_A_WORD else "ok"
    if level == "ok":
        return Finding(level=level, check="clock", text="the clock agrees with AWS's")
    return Finding(
        level=level,
        check="clock",
        text=f"this machine's clock is {off:.0f} s {way} AWS's",
        advice="Set it by NTP: AWS refuses signatures that are five minutes off.",
    )
