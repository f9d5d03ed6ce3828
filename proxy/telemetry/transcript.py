"""What clients say and models answer, in the log: only where the configuration asks for it.

Two lines for a request: `call.asked` before it is answered, `call.said` with a whole answer. What
breaks off, or is left, has the first one only. Embeddings' vectors are not told.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import structlog

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Json
from adapters.openai.schemas import Schemas
from adapters.value import value
from proxy.cache.recording import Recording
from proxy.routing.answering import Answering
from proxy.routing.call import Call
from proxy.telemetry.redactor import Redactor

_log = structlog.stdlib.get_logger("sagegate")

#: Of a request's parameters, what is said with them.
_SAID: Final = ("messages", "prompt", "suffix", "input", "query", "documents", "tools", "functions")


@value(frozen=True, slots=True)
class TranscribedModel:
    """An `Answering` in front of another one, whose conversations are logged.

    Args:
        inner: Answers.
        redact: Is asked about every text before it is logged.
    """

    inner: Answering
    redact: Redactor

    @property
    def name(self) -> str:
        """The public name."""
        return self.inner.name

    @property
    def permitted_fields(self) -> frozenset[str]:
        """Request fields that are refused elsewhere and allowed here."""
        return self.inner.permitted_fields

    @property
    def schemas(self) -> Schemas:
        """What its requests are checked against."""
        return self.inner.schemas

    async def call(self, call: Call, params: Json) -> Answer:
        """Give a whole answer.

        Raises:
            GatewayError: every failure.
        """
        self._asked(call, params)
        answer = await self.inner.call(call, params)
        await self._said(call, answer)
        return answer

    async def stream(self, call: Call, params: Json) -> AnswerStream:
        """Give an answer in chunks, once the first are there.

        Raises:
            GatewayError: every failure before the first chunk.
        """
        self._asked(call, params)
        return Recording(await self.inner.stream(call, params), partial(self._said, call))

    def _asked(self, call: Call, params: Json) -> None:
        said = {name: params[name] for name in _SAID if name in params}
        _log.info("call.asked", call_id=call.id, model=call.model, **self.redact(said))

    async def _said(self, call: Call, answer: Answer) -> None:
        choices = answer.body.get("choices")
        if choices is not None:
            said = [choice.get("message") or choice.get("text") for choice in choices]
            _log.info("call.said", call_id=call.id, model=call.model, choices=self.redact(said))
