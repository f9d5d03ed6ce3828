"""Headers that many answers have in common: checked, and written, once for all of them.

Knows lines of a head; refuses to know whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.value import value

#: What no header may have.
_CONTROLS: Final = bytes([*range(9), *range(10, 32), 127])


@value(frozen=True, slots=True)
class Standing:
    """Some headers.

    Args:
        fields: Names in lower case.
        lines: The same, as they stand in a head.
    """

    fields: Mapping[str, str]
    lines: bytes

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Standing:
        """Write them.

        Raises:
            RuntimeError: one is none.
        """
        return cls(fields, written(fields))


def written(fields: Mapping[str, str]) -> bytes:
    """Write headers; nothing in them may end a line of its own.

    Raises:
        RuntimeError: one is none.
    """
    lines = [*map(": ".join, fields.items())]
    said = "".join(lines).encode("latin-1")
    if said.translate(None, _CONTROLS) != said:
        raise RuntimeError("Invalid HTTP header.")
    return ("\r\n".join([*lines, ""])).encode("latin-1")


#: No headers.
NONE: Final = Standing({}, b"")
