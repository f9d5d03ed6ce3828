"""How far this machine's clock is from AWS's, measured where AWS refuses a signature.

Knows AWS's `Date` header; refuses to know why a call was refused.
"""

from __future__ import annotations

import logging
from email.utils import parsedate_to_datetime
from typing import Final

from adapters.errors import GatewayError

#: AWS takes signatures that are minutes off; from here on the clock is worth a word.
_WORTH_A_WORD: Final = 60.0

_log = logging.getLogger(__name__)


class ClockWatch:
    """Tells the operator about a clock that is wrong: with each refusal, and once as a warning."""

    def __init__(self) -> None:
        self._told = False

    def explain(self, error: GatewayError, date: str | None, now: float) -> None:
        """Add what the clocks say to a refusal's detail, if they disagree.

        Args:
            error: A refusal of the gateway's own credentials.
            date: AWS's `Date` header.
            now: This machine's time, in Unix seconds.
        """
        skew = _skew(date, now)
        if skew is None or abs(skew) < _WORTH_A_WORD:
            return
        said = f"this machine's clock is {abs(skew):.0f} seconds {_way(skew)} AWS's"
        error.detail = f"{error.detail}; {said}" if error.detail else said
        if not self._told:
            self._told = True
            _log.warning("clock.skewed: %s: AWS refuses signatures that are minutes off", said)


def _way(skew: float) -> str:
    return "ahead of" if skew > 0 else "behind"


def _skew(date: str | None, now: float) -> float | None:
    """Give how many seconds the machine is ahead; None where AWS's time can't be read."""
    try:
        return now - parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return None
