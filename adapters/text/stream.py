"""A stream of a text container, whatever its records' shape, as OpenAI chunks.

Three kinds of records are known: one for each token (TGI, LMI), OpenAI's chunks, and pieces of text
under a name. The first ends with its last record and the second with its finish reason; nothing
marks the third's end but the stream's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from adapters.base import Json, Payload, Request, Summary
from adapters.container import unknown_shape
from adapters.errors import MalformedReply
from adapters.framing import DONE, RecordReader
from adapters.openai import events, usage
from adapters.openai.finish import finish_reason
from adapters.openai.logprobs import Token
from adapters.openai.streaming import Resource, cut_words, note_document, wants_usage
from adapters.text import answer, counts
from adapters.text.counts import Said
from adapters.text.details import NOTHING
from adapters.text.dialect import Dialect
from adapters.text.echo import without_echo
from adapters.text.generation import read
from adapters.text.record import Piece, is_document, plain_text, plain_texts, read_record
from adapters.text.stops import StopCutter

#: Stands where a text will.
_MARK: Final = "sagegate:text"


@dataclass(slots=True)
class _Choice:
    """What is known of one choice so far."""

    cutter: StopCutter
    said: Said = field(default_factory=Said)
    #: Pieces whose tokens have not been told: where each begins and ends, and the tokens.
    waiting: list[tuple[int, int, tuple[Token, ...]]] = field(default_factory=list)
    #: Characters that came, and those that have been given.
    came: int = 0
    given: int = 0
    #: A record said that it is finished.
    ended: bool = False

    @property
    def finished(self) -> bool:
        """Whether no more text is to be given."""
        return self.ended or self.cutter.stopped

    def go_on(self, text: str, records: int) -> None:
        """Note a text that was given as it came, in so many records."""
        self.said.records = (self.said.records or 0) + records
        self.said.size += usage.size(text)
        self.came += len(text)
        self.given += len(text)

    def told(self) -> Sequence[Token]:
        """Take the tokens whose text has been given; those of a stop text are never told."""
        tokens: list[Token] = []
        while self.waiting and self.waiting[0][1] <= self.given:
            tokens += self.waiting.pop(0)[2]
        if self.waiting and self.cutter.stopped:
            start, _, partly = self.waiting[0]
            tokens += answer.within(self.given - start, partly)
            self.waiting.clear()
        return tokens


class TextStream:
    """Decodes one stream; an `adapters.base.StreamDecoder`.

    Args:
        resource: How the answer is written.
        dialect: How the container speaks.
        request: What was asked.
        payload: The call.
    """

    def __init__(
        self, resource: Resource, dialect: Dialect, request: Request, payload: Payload
    ) -> None:
        self.summary = Summary()
        self._resource = resource
        self._dialect = dialect
        self._request = request
        self._payload = payload
        self._wants_tokens = answer.wants_tokens(request)
        self._stops = answer.cut_here(dialect, request)
        self._reader = RecordReader()
        self._choices: dict[int, _Choice] = {}
        #: The only choice, once it has begun, where its text is given as it comes.
        self._simple: _Choice | None = None
        self._usage: Json | None = None
        #: The stream's own end is the only mark of it.
        self._open_ended = False
        self._ended = False

    @property
    def over(self) -> bool:
        """Whether the answer is; a whole one in the stream's place must be all there is."""
        return self._ended and not self.summary.whole_document

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take bytes cut anywhere; give the chunks that are complete."""
        return self._read(self._reader.feed(data))

    def write(self, data: bytes) -> bytes | None:
        """Give the events of bytes that are nothing but tokens that go on; None of all others."""
        choice = self._simple
        lines = None if choice is None else self._reader.whole_lines(data)
        texts = plain_texts(lines) if lines else None
        if choice is None or texts is None or self._around is None:
            return None
        choice.go_on("".join(texts), len(texts))
        return events.write_texts(self._around, texts)

    @cached_property
    def _around(self) -> tuple[bytes, bytes, bytes] | None:
        """What stands around the texts of a choice that goes on."""
        chunk = self._resource.text_chunk(self._request, self._payload.choice, _MARK)
        return events.around_texts(chunk, _MARK)

    def finish(self) -> Iterator[Json]:
        """Take the end of the stream."""
        if not self.over:
            yield from self._read(self._reader.finish())
        if not self._ended:
            finished = self._choices and all(each.finished for each in self._choices.values())
            if not finished and not (self._open_ended and self._choices):
                raise MalformedReply("The container's stream ended before its answer was finished.")
            yield from self._end()

    def _read(self, records: Iterator[Any]) -> Iterator[Json]:
        for record in records:
            chunk = self._goes_on(record)
            if chunk is not None:
                yield chunk
            elif record is DONE:
                if self._choices and not self._ended:  # the container's own word for the end
                    yield from self._end()
            elif self.over:
                continue
            elif self._ended:
                raise unknown_shape(record)
            elif is_document(record):
                yield from self._read_document(record)
            else:
                yield from self._read_pieces(record)

    def _goes_on(self, record: Any) -> Json | None:
        """Give the chunk for a token that does nothing but continue a text; None for all else.

        Nearly every record is one, so this is the short way to what the others below come to.
        """
        choice = self._simple
        if choice is None or (text := plain_text(record)) is None:
            return None
        choice.go_on(text, 1)
        return self._resource.text_chunk(self._request, self._payload.choice, text)

    def _read_pieces(self, record: Any) -> Iterator[Json]:
        if isinstance(record, dict) and "usage" in record:
            self._usage = usage.reported(record["usage"]) or self._usage
        for piece in read_record(record, tokens=self._wants_tokens):
            yield from self._take(piece)

    def _take(self, piece: Piece) -> Iterator[Json]:
        index = self._payload.choice + piece.place
        choice = self._choices.get(index)
        text = piece.text
        if choice is None:
            choice = self._choices[index] = _Choice(StopCutter(self._stops))
            text = self._first_text(piece)
            yield from self._begin(index, piece, text)
        self._note(choice, piece)
        if not choice.cutter.stopped:
            start, choice.came = choice.came, choice.came + len(text)
            if piece.tokens and self._wants_tokens:
                choice.waiting.append((start, choice.came, piece.tokens))
            yield from self._say(index, choice, choice.cutter.feed(text))
        simple = self.summary.shape == "token" and not (self._stops or self._wants_tokens)
        self._simple = choice if simple and len(self._choices) == 1 and piece.counts else None
        if choice.finished and self._is_over():
            yield from self._end()

    def _first_text(self, piece: Piece) -> str:
        """Give a choice's first text: only containers that give no tokens echo there."""
        if piece.counts:
            return piece.text
        return without_echo(self._dialect, self._request, self._payload, piece.text)

    def _begin(self, index: int, piece: Piece, text: str) -> Iterator[Json]:
        if self.summary.shape is None:
            self.summary.shape = piece.shape
        if not (piece.counts or "choices" in piece.shape):
            self._open_ended = True
        yield from self._resource.opening_chunks(self._request, index)
        prompt = answer.echo(self._resource, self._dialect, self._request, self._payload, text)
        if prompt:
            yield self._resource.text_chunk(self._request, index, prompt)

    @staticmethod
    def _note(choice: _Choice, piece: Piece) -> None:
        """Note what a piece says beside its text, which may come behind a stop text as well."""
        if piece.counts:
            choice.said.records = (choice.said.records or 0) + 1
        if piece.details is not NOTHING:
            choice.said.details = piece.details
        choice.ended = choice.ended or piece.last

    def _is_over(self) -> bool:
        """Tell whether nothing can follow that matters.

        A token's record said so, or a stop text where the container says nothing else; OpenAI's
        chunks may be followed by the usage.
        """
        choices = self._choices.values()
        if self._open_ended:
            return all(each.cutter.stopped for each in choices)
        return self.summary.shape == "token" and all(each.ended for each in choices)

    def _say(self, index: int, choice: _Choice, text: str) -> Iterator[Json]:
        """Give a text: as it came where it is tokens, word by word where it may be more."""
        offset = choice.given
        choice.given += len(text)
        tokens = choice.told() if choice.waiting else ()
        if not text and not tokens:
            return
        if choice.said.records is not None or not text:
            yield self._resource.text_chunk(self._request, index, text, tokens, offset)
        else:
            for part in cut_words(text):
                yield self._resource.text_chunk(self._request, index, part, tokens, offset)
                offset += len(part)
                tokens = ()
        choice.said.size += usage.size(text)

    def _end(self) -> Iterator[Json]:
        self._ended, self._simple = True, None
        for index, choice in self._choices.items():
            yield from self._close(index, choice)
        said = [choice.said for choice in self._choices.values()]
        detailed = answer.is_detailed(self._dialect, self._request)
        counted, source = counts.count(self._payload, self._usage, said, detailed=detailed)
        self.summary.usage, self.summary.usage_source = counted, source
        if wants_usage(self._request.params):
            yield self._resource.usage_chunk(self._request, counted)

    def _close(self, index: int, choice: _Choice) -> Iterator[Json]:
        yield from self._say(index, choice, choice.cutter.finish())
        details = choice.said.details
        reason = finish_reason(
            "stop" if choice.cutter.stopped else details.finish,
            generated=choice.said.generated,
            limit=self._dialect.limit(self._request.params),
        )
        self.summary.finish_reason = self.summary.finish_reason or reason
        chunk = self._resource.last_chunk(self._request, index, reason)
        chunk["choices"][0] = answer.with_own_word(chunk["choices"][0], details.finish)
        yield chunk

    def _read_document(self, record: Any) -> Iterator[Json]:
        """Cut a whole answer into chunks: this container did not stream."""
        if self._choices:
            raise unknown_shape(record)
        decoded = answer.complete(
            self._resource, self._dialect, self._request, (self._payload,), (read(record),)
        )
        self._ended = True
        note_document(self.summary, decoded)
        wanted = wants_usage(self._request.params)
        yield from self._resource.cut(decoded.body, include_usage=wanted)
