"""What a route needs of a model, whatever stands between the two."""

from __future__ import annotations

from typing import Protocol

from adapters.answer import Answer, AnswerStream
from adapters.base import Json
from proxy.routing.call import Call


class Answering(Protocol):
    """What answers under a public name, and reports each call once."""

    @property
    def name(self) -> str:
        """The public name."""
        ...

    @property
    def permitted_fields(self) -> frozenset[str]:
        """Request fields that are refused elsewhere and allowed here."""
        ...

    async def call(self, call: Call, params: Json) -> Answer:
        """Give a whole answer.

        Raises:
            GatewayError: every failure.
        """
        ...

    async def stream(self, call: Call, params: Json) -> AnswerStream:
        """Give an answer in chunks, once the first are there; closing the stream ends the call.

        Raises:
            GatewayError: every failure before the first chunk.
        """
        ...
