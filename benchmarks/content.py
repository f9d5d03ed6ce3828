"""The text that every container here generates, token by token: what must come out at the end."""

from __future__ import annotations

from typing import Final

#: Where it begins no answer has anything else, so that its arrival can be told.
FIRST_WORD: Final = "Firstly"
TOKENS: Final = (FIRST_WORD, *(f" word{number}" for number in range(1, 128)))
TEXT: Final = "".join(TOKENS)

#: What clients ask: about a kilobyte.
PROMPT: Final = (
    "Tell me in plain words what a gateway adds to a request, and leave nothing out. " * 10
)
