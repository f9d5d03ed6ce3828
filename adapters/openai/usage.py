"""Token counts in OpenAI's form.

An estimate is ceil(UTF-8 bytes / 4) and always says so: `"estimated": true`. Nothing is downloaded
to count better.
"""

from __future__ import annotations

from adapters.base import Json, UsageSource

_BYTES_PER_TOKEN = 4


def estimate(text: str) -> int:
    """Give the number of tokens that a text may have; 0 for an empty one."""
    return -(-len(text.encode(errors="replace")) // _BYTES_PER_TOKEN)


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
    prompt: int | None, completion: int | None, source: UsageSource, texts: tuple[str, str]
) -> tuple[Json, UsageSource]:
    """Build a usage object from the counts that are known; what is missing is estimated, and said.

    Args:
        prompt: Tokens of the prompt, or None.
        completion: Tokens of the answer, or None.
        source: Where the known counts came from.
        texts: The prompt and the answer, for the estimate.
    """
    if prompt is not None and completion is not None:
        return usage(prompt, completion), source
    counts = (
        estimate(texts[0]) if prompt is None else prompt,
        estimate(texts[1]) if completion is None else completion,
    )
    return usage(*counts, estimated=True), "estimate"
