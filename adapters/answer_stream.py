"""An answer in chunks, as an endpoint gives it: real, several merged, or cut from a whole one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from adapters.base import Head, Json, Summary


class AnswerStream(Protocol):
    """An OpenAI answer in chunks; iterating gives the chunks of one upstream read at a time.

    Iterating raises `GatewayError` on a fault; whatever came whole before it was given before.
    """

    @property
    def head(self) -> Head:
        """What AWS said beside the stream."""
        ...

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        ...

    def __aiter__(self) -> AsyncIterator[list[Json]]: ...

    async def aclose(self) -> None:
        """Give the upstream connection up; may be called more than once."""
        ...
