"""Token counts in OpenAI's form.

An estimate is ceil(UTF-8 bytes / 4) and always says so: `"estimated": true`. Nothing is downloaded
to count better.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapters.base import Json, UsageSource

_BYTES_PER_TOKEN: Final = 4
_WORST_FIRST: Final[tuple[UsageSource, ...]] = ("estimate", "counted", "details", "container")


def size(text: str) -> int:
    """Give a text's length in UTF-8 bytes, which an estimate starts from."""
    return len(text.encode(errors="replace"))


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
    prompt: int | None, completion: int | None, source: UsageSource, sizes: tuple[int, int]
) -> tuple[Json, UsageSource]:
    """Build a usage object from the counts that are known; what is missing is estimated, and said.

    Args:
        prompt: Tokens of the prompt, or None.
        completion: Tokens of the answer, or None.
        source: Where the known counts came from.
        sizes: The prompt's and the answer's UTF-8 bytes, for the estimate.
    """
    if prompt is not None and completion is not None:
        return usage(prompt, completion), source
    counts = (
        estimate(sizes[0]) if prompt is None else prompt,
        estimate(sizes[1]) if completion is None else completion,
    )
    return usage(*counts, estimated=True), "estimate"


def worst(sources: Iterable[UsageSource]) -> UsageSource:
    """Give the source of a sum of counts: the least exact of its parts'; there is at least one."""
    return min(sources, key=_WORST_FIRST.index)
