"""What a route needs of a model, whatever stands between the two."""

from __future__ import annotations

from typing import Protocol

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Json
from adapters.openai.schemas import Schemas
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

    @property
    def schemas(self) -> Schemas:
        """What its requests are checked against."""
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
