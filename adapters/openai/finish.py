"""Why an answer ended, in OpenAI's words."""

from __future__ import annotations

from typing import Final

_REASONS: Final = {
    "length": "length",
    "max_tokens": "length",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "tool_calls": "tool_calls",
    "function_call": "function_call",
    "content_filter": "content_filter",
}

#: OpenAI's own words.
OWN: Final = frozenset(_REASONS.values())

#: What containers write when a generation failed; never a finish.
FAILURES: Final = frozenset({"abort", "error"})


def is_foreign(said: str | None) -> bool:
    """Tell a word that no container is known to say."""
    return said is not None and said not in _REASONS


def finish_reason(said: str | None, *, generated: int | None, limit: int | None) -> str:
    """Give OpenAI's reason for the container's; `length` is claimed only by word or by exact count.

    Args:
        said: The container's own word, or None.
        generated: The exact number of tokens generated, where it is known.
        limit: The number of tokens that were allowed, where it was asked for.
    """
    if said is not None:
        return _REASONS.get(said, "stop")
    if generated is not None and limit is not None and generated >= limit:
        return "length"
    return "stop"
