"""How many tokens a request will use, as far as it says itself.

Refuses to know the container's tokenizer: a wrong guess is settled when the answer is there.
"""

from __future__ import annotations

from typing import Any, Final

from adapters.base import Json
from adapters.openai.usage import estimate, size

#: What the model reads.
_READ: Final = ("messages", "prompt", "suffix", "input", "query", "documents", "tools")
#: Parts whose data is not text: nobody knows here how many tokens a model makes of them.
_OPAQUE: Final = frozenset({"image_url", "input_audio", "file"})
#: The bytes that stand for a token which is given by its number.
_TOKEN_ID: Final = 4


def tokens_of(params: Json) -> int:
    """Give what the prompt may have, and the most that the answers may have where that is said."""
    asked = estimate(sum(_bytes(params[name]) for name in _READ if name in params))
    most = _count(params.get("max_completion_tokens", params.get("max_tokens")))
    return asked + most * (_count(params.get("n")) or 1)


def _count(said: Any) -> int:
    """Give a number of something; 0 for what is none, since not every task's schema looks at it."""
    return said if isinstance(said, int) and not isinstance(said, bool) and said > 0 else 0


def _bytes(value: Any) -> int:
    """Give the size of the texts inside; a token's id counts as the bytes of one token."""
    if isinstance(value, str):
        return size(value)
    if isinstance(value, list):
        return sum(_bytes(each) for each in value)
    if isinstance(value, dict):
        return sum(_bytes(each) for key, each in value.items() if key not in _OPAQUE)
    return _TOKEN_ID if isinstance(value, int) and not isinstance(value, bool) else 0
