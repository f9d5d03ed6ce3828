"""The prompt at the start of an answer, where a container has put it unasked.

Knows what a deployment's configuration says of it, and what may be guessed where it says nothing.
"""

from __future__ import annotations

from typing import Final

from adapters.base import Payload, Request
from adapters.text.dialect import Dialect

#: Characters of the shortest prompt that is looked for where nobody knows: with a shorter one an
#: answer may well begin by itself ("Hello" ... "Hello! How are you?").
_LEAST_ECHO: Final = 16


def without_echo(dialect: Dialect, request: Request, payload: Payload, text: str) -> str:
    """Remove an echo of the prompt, once, unless it was asked for.

    Args:
        dialect: How the container speaks.
        request: What was asked.
        payload: The call; its prompt is what an echo is of.
        text: A whole answer, or the first piece of one that does not come token by token.
    """
    if request.params.get("return_full_text") or not _cuts(dialect, request, payload):
        return text
    return text.removeprefix(payload.prompt)


def is_there(dialect: Dialect, request: Request, payload: Payload, text: str) -> bool:
    """Tell whether a text, after `without_echo`, begins with a prompt that may be an echo."""
    guessed = dialect.may_echo and request.target.echoes_prompt is None
    return guessed and text.startswith(payload.prompt)


def _cuts(dialect: Dialect, request: Request, payload: Payload) -> bool:
    known = request.target.echoes_prompt
    if dialect.verbatim or known is not None:
        return bool(known) and not dialect.verbatim
    return dialect.may_echo and len(payload.prompt) >= _LEAST_ECHO
