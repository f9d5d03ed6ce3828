"""Fake streaming: a whole answer, given in chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from adapters.answer import Answer
from adapters.base import Decoded, Json, Summary
from adapters.codec_faults import reading_a_reply
from adapters.openai.streaming import Resource, note_document

#: So many chunks go into one write.
_CHUNKS_PER_BATCH: Final = 64


class CutStream:
    """A whole answer, already there, given as a stream.

    Raises:
        MalformedReply: the answer is not one that can be cut.
    """

    def __init__(self, answer: Answer, resource: Resource, *, include_usage: bool) -> None:
        self.head = answer.head
        self.summary = Summary()
        decoded = Decoded(answer.body, answer.usage_source, answer.shape)
        with reading_a_reply(self.head.request_id):
            note_document(self.summary, decoded)
            self._chunks = list(resource.cut(answer.body, include_usage=include_usage))

    async def __aiter__(self) -> AsyncIterator[list[Json]]:
        for start in range(0, len(self._chunks), _CHUNKS_PER_BATCH):
            yield self._chunks[start : start + _CHUNKS_PER_BATCH]

    async def aclose(self) -> None:
        """Nothing is held open."""
