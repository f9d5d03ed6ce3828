"""Fields that the schemas of chat and of completions have in common."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

_MAX_TOKENS: Final = 2**31 - 1
#: OpenAI takes four stop texts. Without a bound each would be looked for in every piece of answer.
_MAX_STOPS: Final = 64
_MAX_STOP_LENGTH: Final = 256

_StopText = Annotated[str, Field(max_length=_MAX_STOP_LENGTH)]

#: Lists stop at their first fault: a fault for each of a million items would cost gigabytes.
Stop = _StopText | Annotated[list[_StopText], Field(fail_fast=True, max_length=_MAX_STOPS)]
TokenLimit = Annotated[int, Field(ge=0, le=_MAX_TOKENS)]
