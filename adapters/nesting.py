"""JSON of a container, parsed, and nested no deeper than anything here can follow or write again.

Knows depth only; what a value means is others' business.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapters.errors import MalformedReply

#: orjson reads 1024 levels but writes 254, and Python follows fewer than 1000 calls.
MAX_DEPTH: Final = 100


def parse(data: bytes) -> Any:
    """Parse one JSON value.

    Raises:
        orjson.JSONDecodeError: it is not JSON.
        MalformedReply: it is nested too deeply.
    """
    value = orjson.loads(data)
    # What is too deep is long, and has many brackets: little else is looked into.
    if (
        len(data) > 2 * MAX_DEPTH
        and data.count(b"[") + data.count(b"{") > MAX_DEPTH
        and _is_deep(value)
    ):
        raise MalformedReply("The container's answer is nested too deeply.")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
