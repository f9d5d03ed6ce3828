"""Which part of a request makes it too large: its place and its size, never its contents."""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapters.base import Json
from adapters.errors import PayloadTooLarge

_MEGABYTE: Final = 1024 * 1024
#: A part that has less than this share of what it is in is not what makes that large.
_SHARE: Final = 0.5
#: How far down a request is looked into; clients' own objects may be nested deeply.
_DEEPEST: Final = 8
#: How much of a place is told: a client's own keys may be long.
_LONGEST: Final = 200
#: What a content part is, by OpenAI's `type`.
_KINDS: Final = {
    "text": "text",
    "image_url": "image",
    "input_audio": "audio",
    "file": "file",
    "video_url": "video",
}


def with_largest_part(error: PayloadTooLarge, params: Json) -> PayloadTooLarge:
    """Give a refusal for size that says what of the request is so large."""
    place, part, size = _largest(params)
    return PayloadTooLarge(
        f"{error.message} The largest part, '{place}'{part}, has {_shown(size)}.",
        param=place,
        detail=error.detail,
        request_id=error.request_id,
    )


def _shown(size: int) -> str:
    return f"{size / _MEGABYTE:.1f} MB" if size > _MEGABYTE / 10 else f"{size} bytes"


def _largest(params: Json) -> tuple[str, str, int]:
    """Give the place, the kind and the size in bytes of the part that dominates a request."""
    place, part, size = "", params, _size(params)
    for _ in range(_DEEPEST):
        children = _children(place, part)
        if not children or _kind(part):
            break
        place_of, child, child_size = max(children, key=lambda each: each[2])
        if place and child_size < _SHARE * size:
            break
        place, part, size = place_of, child, child_size
    return place[:_LONGEST], _kind(part), size


def _children(place: str, part: Any) -> list[tuple[str, Any, int]]:
    if isinstance(part, dict):
        dot = "." if place else ""
        return [(f"{place}{dot}{name}", each, _size(each)) for name, each in part.items()]
    if isinstance(part, list):
        # Numbers are many and small: token ids are one part.
        return [
            (f"{place}[{index}]", each, _size(each))
            for index, each in enumerate(part)
            if isinstance(each, str | list | dict)
        ]
    return []


def _size(part: Any) -> int:
    return len(orjson.dumps(part))


def _kind(part: Any) -> str:
    kind = _KINDS.get(str(part.get("type"))) if isinstance(part, dict) else None
    return f" ({kind})" if kind else ""
