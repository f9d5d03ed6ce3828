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
#: The hexadecimal digits of an id, without the one that tells the version, and a place for the one
#: that tells the variant.
_DIGITS: Final = re.compile("(.{8})(.{4}).(.{3})(.)(.{3})(.{12})")
#: Two bits of this digit are the variant's.
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class OwnIds:
    """Random ids in UUID's form, version 4: nobody can tell the next one.

    The system is asked for many at once: for one alone the question costs more than the id.
    """

    def __init__(self) -> None:
        self._made: list[str] = []

    def next(self) -> str:
        """Give an id that nobody has."""
        if not self._made:
            self._made = [
                f"{a}-{b}-4{c}-{_VARIANT[variant]}{d}-{e}"
                for a, b, c, variant, d, e in _DIGITS.findall(os.urandom(_BYTES * _AT_ONCE).hex())
            ]
        return self._made.pop()

    def forget(self) -> None:
        """Draw anew: a process made of this one would give the same ids."""
        self._made = []


def of_client(given: bytes) -> str:
    """Give the client's own id for a request; empty where it has said none that is usable."""
    return given.decode() if _CALL_ID.fullmatch(given) else ""
