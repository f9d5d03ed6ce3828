"""A stream that is kept once it has ended well: folded into the whole answer that it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Json
from adapters.codec_faults import reading_a_reply
from adapters.errors import MalformedReply
from adapters.openai.fold import Fold
from proxy.routing.passed_on import PassedOn

#: Takes an answer that may be kept.
Keep = Callable[[Answer], Awaitable[None]]


class Recording(PassedOn):
    """An `AnswerStream` that hands its answer over, once, just before it says that it is over.

    What breaks off, or is left, is not handed over; nor is what can't be folded or has no counts.
    Nothing of that is the client's concern.
    """

    def __init__(self, stream: AnswerStream, keep: Keep) -> None:
        super().__init__(stream)
        self._keep = keep
        self._fold: Fold | None = Fold()
        self._ended = False
        #: The answer, where the stream has ended well, until it is handed over.
        self._whole: Answer | None = None

    def take(self) -> list[Json] | None:
        """Give the chunks that come next; at the end only once the answer has been handed over."""
        if self._ended:
            raise StopAsyncIteration
        try:
            batch = super().take()
        except StopAsyncIteration:
            self._ended = True
            self._whole = self._answer()
            if self._whole is None:
                raise
            return None
        if batch is not None and self._fold is not None:
            try:
                with reading_a_reply(""):
                    self._fold.add(batch)
            except MalformedReply:
                self._fold = None
        return batch

    def more(self) -> Awaitable[object]:
        """Wait until there may be some, or hand the answer over."""
        whole, self._whole = self._whole, None
        return super().more() if whole is None else self._keep(whole)

    def _answer(self) -> Answer | None:
        summary = self.summary
        if self._fold is None or summary.usage is None:
            return None
        try:
            with reading_a_reply(""):
                body = self._fold.answer(summary.usage)
        except MalformedReply:
            return None
        source = summary.usage_source or "estimate"
        return Answer(body, source, self.head, summary.shape) if body["choices"] else None
