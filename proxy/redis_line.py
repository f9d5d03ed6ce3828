"""Whether a Redis can be reached, as all of this process's users of it have found.

Who finds it lost tells the others, so that a request waits for it once at most. From then on nobody
asks it but a probe, now and then, behind requests' backs. Refuses to know what Redis is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

#: Seconds between two probes.
PAUSE: Final = 1.0


class Line:
    """The way to one Redis.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_probe = 0.0
        #: Why nobody should ask it now; None while it answers.
        self.fault: str | None = None

    def lost(self, fault: str) -> None:
        """Note that it did not answer."""
        self.fault = fault
        self._next_probe = self._clock() + PAUSE

    def found(self) -> None:
        """Note that it answers."""
        self.fault = None

    def wants_probe(self) -> bool:
        """Tell whether to probe it now; whoever hears so does it, and nobody else until later."""
        now = self._clock()
        if now < self._next_probe:
            return False
        self._next_probe = now + PAUSE
        return True


class Lines:
    """The lines of a process, by the address and who asks there: others may be let in."""

    def __init__(self) -> None:
        self._lines: WeakValueDictionary[str, Line] = WeakValueDictionary()

    def of(self, url: str) -> Line:
        """Give the line to a Redis; the same for all of its databases."""
        return self._lines.setdefault("{0.scheme}://{0.netloc}".format(urlsplit(url)), Line())
