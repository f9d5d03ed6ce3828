"""Log probabilities of tokens, in the form of chat completions and in that of completions.

Sources: https://platform.openai.com/docs/api-reference/chat/object and
https://platform.openai.com/docs/api-reference/completions/object
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Json
from adapters.value import value


@value(frozen=True, slots=True)
class Token:
    """One token of an answer."""

    text: str
    #: The natural logarithm of its probability; None where the container did not say.
    logprob: float | None = None
    #: The most likely tokens in its place, best first; empty where they were not asked for.
    top: tuple[Token, ...] = ()


def for_chat(tokens: Sequence[Token]) -> Json:
    """Give a chat choice's `logprobs`."""
    return {
        "content": [
            {**_entry(token), "top_logprobs": [_entry(each) for each in token.top]}
            for token in tokens
        ],
        "refusal": None,
    }


def for_completion(tokens: Sequence[Token], offset: int = 0) -> Json:
    """Give a completion choice's `logprobs`.

    Args:
        tokens: The tokens of the text, or of one piece of it.
        offset: The characters of the text before them.
    """
    offsets: list[int] = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.text)
    tops = [{each.text: each.logprob for each in token.top} for token in tokens]
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": tops if any(tops) else None,
        "text_offset": offsets,
    }


def read_chat(logprobs: Any) -> list[Token]:
    """Read a chat choice's `logprobs`, as containers write it; other things give nothing.

    Old containers put a list around the object.
    """
    if isinstance(logprobs, list):
        logprobs = logprobs[0] if logprobs else None
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return [
        Token(
            text=entry["token"],
            logprob=entry.get("logprob"),
            top=tuple(
                Token(each["token"], each.get("logprob"))
                for each in entry.get("top_logprobs") or ()
            ),
        )
        for entry in content or ()
    ]


def _entry(token: Token) -> Json:
    return {
        "token": token.text,
        "logprob": token.logprob,
        "bytes": list(token.text.encode(errors="replace")),
    }
