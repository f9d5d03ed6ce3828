"""A request's ids: the gateway's own, and the client's where it has given one."""

from __future__ import annotations

import os
import re
from typing import Final

#: A client's own id is echoed when it is one; anything else gets a new one.
_CALL_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
#: How many ids are made of one draw from the system.
_AT_ONCE: Final = 256
_BYTES: Final = 16


class OwnIds:
    """Random ids in UUID's form, version 4: nobody can tell the next one.

    The system is asked for many at once: for one alone the question costs more than the id.
    """

    def __init__(self) -> None:
        self._drawn = ""

    def next(self) -> str:
        """Give an id that nobody has."""
        drawn = self._drawn or os.urandom(_BYTES * _AT_ONCE).hex()
        self._drawn, one = drawn[2 * _BYTES :], drawn[: 2 * _BYTES]
        variant = "89ab"[int(one[16], 16) & 3]
        return f"{one[:8]}-{one[8:12]}-4{one[13:16]}-{variant}{one[17:20]}-{one[20:]}"

    def forget(self) -> None:
        """Draw anew: a process made of this one would give the same ids."""
        self._drawn = ""


def of_client(given: bytes) -> str:
    """Give the client's own id for a request; empty where it has said none that is usable."""
    return given.decode() if _CALL_ID.fullmatch(given) else ""
