"""Token counts in OpenAI's form.

An estimate is ceil(UTF-8 bytes / 4) and always says so: `"estimated": true`. Nothing is downloaded
to count better.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from adapters.base import Json, UsageSource

_BYTES_PER_TOKEN: Final = 4
_WORST_FIRST: Final[tuple[UsageSource, ...]] = ("estimate", "counted", "details", "container")


def size(text: str) -> int:
    """Give a text's length in UTF-8 bytes, which an estimate starts from."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def estimate(size: int) -> int:
    """Give the number of tokens that a text of so many bytes may have."""
    return -(-size // _BYTES_PER_TOKEN)


def usage(prompt: int, completion: int, *, estimated: bool = False) -> Json:
    """Build a usage object from counts of tokens.

    Source: https://platform.openai.com/docs/api-reference/chat/object
    """
    record: Json = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if estimated:
        record["estimated"] = True
    return record


def settle(
    prompt: int | None, completion: int | None, source: UsageSource, estimates: tuple[int, int]
) -> tuple[Json, UsageSource]:
    """Build a usage object from the counts that are known; what is missing is estimated, and said.

    Args:
        prompt: Tokens of the prompt, or None.
        completion: Tokens of the answer, or None.
        source: Where the known counts came from.
        estimates: What the prompt's and the answer's tokens may be, for those that are not.
    """
    if prompt is not None and completion is not None:
        return usage(prompt, completion), source
    counts = (
        estimates[0] if prompt is None else prompt,
        estimates[1] if completion is None else completion,
    )
    return usage(*counts, estimated=True), "estimate"


def worst(sources: Iterable[UsageSource]) -> UsageSource:
    """Give the source of a sum of counts: the least exact of its parts'; there is at least one."""
    return min(sources, key=_WORST_FIRST.index)


def reported(record: Any) -> Json | None:
    """Give a container's usage record; None where it counts no tokens of the answer."""
    counts = isinstance(record, dict) and type(record.get("completion_tokens")) is int
    return record if counts else None


def total(records: Iterable[Json]) -> Json:
    """Add usage records up; details of only one container call are kept as they are.

    Numbers are added, also one level down (`completion_tokens_details`); `estimated` holds for the
    sum when it holds for one of the parts.
    """
    added: Json = {}
    for record in records:
        if not added:
            added = dict(record)
            continue
        for name, value in record.items():
            added[name] = _add(added.get(name), value)
    return added


def _add(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _add(one.get(name), other.get(name)) for name in {**one, **other}}
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one or other)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one + other
    return one if other is None else other
