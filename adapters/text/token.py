"""A token of TGI or LMI: its text, its log probability, and what is none of the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.base import Json
from adapters.openai.logprobs import Token

#: Marks of chat layouts that end a text: they are none of it.
_END_MARKS: Final = ("</s>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<end_of_turn>")
#: Marks of chat layouts: they are no text when they are all that a token is.
_MARKS: Final = frozenset(
    {*_END_MARKS, "<s>", "<|assistant|>", "<|system|>", "<|user|>", "<|im_start|>"}
)


def is_mark(text: Any) -> bool:
    """Tell whether a piece of text is nothing but a mark."""
    return text in _MARKS


def without_end_mark(text: str) -> str:
    """Give a text without the mark at its end, if it has one."""
    return text[: -len(_end_mark(text))] if text.endswith(_END_MARKS) else text


def is_no_text(token: Json) -> bool:
    """Tell whether a token is none of the text: a special one, or a mark of a chat layout."""
    special = token.get("special") or token.get("special_token")
    return bool(special) or is_mark(token.get("text"))


def read_token(token: Json, alternatives: Any = None) -> Token:
    """Read a token, and the others that could have stood in its place."""
    return Token(
        text=without_end_mark(token.get("text") or ""),
        logprob=token.get("logprob", token.get("log_prob")),
        top=tuple(read_token(each) for each in alternatives or () if isinstance(each, dict)),
    )


def read_tokens(details: Json) -> Iterator[Token]:
    """Read the tokens of a `details` object; the alternatives stand beside them, or in them."""
    listed = details.get("tokens") or ()
    tops = details.get("top_tokens") or ()
    for place, token in enumerate(listed):
        if isinstance(token, dict) and token.get("text") and not is_no_text(token):
            own = token.get("top_tokens")
            yield read_token(token, tops[place] if place < len(tops) else own)


def _end_mark(text: str) -> str:
    return next(mark for mark in _END_MARKS if text.endswith(mark))
