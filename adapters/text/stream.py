"""A stream of a text container, whatever its records' shape, as OpenAI chunks.

Three kinds of records are known: one for each token (TGI, LMI), OpenAI's chunks, and pieces of text
under a name. The first ends with its last record and the second with its finish reason; nothing
marks the third's end but the stream's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters.base import Json, Payload, Request, Summary
from adapters.container import unknown_shape
from adapters.errors import MalformedReply
from adapters.framing import DONE, RecordReader
from adapters.openai import usage
from adapters.openai.finish import finish_reason
from adapters.openai.logprobs import Token
from adapters.openai.streaming import Resource, cut_words, note_document, wants_usage
from adapters.text import answer
from adapters.text.dialect import Dialect, token_limit
from adapters.text.generation import NOTHING, Details, read
from adapters.text.record import Piece, is_document, read_record
from adapters.text.stops import StopCutter


@dataclass(slots=True)
class _Choice:
    """What is known of one choice so far."""

    cutter: StopCutter
    #: Tokens whose text has not been given yet.
    waiting: list[Token] = field(default_factory=list)
    #: Characters that have been given of the first of them.
    ahead: int = 0
    #: UTF-8 bytes and characters of the text so far, and the tokens that were counted.
    size: int = 0
    characters: int = 0
    tokens: int = 0
    counted: bool = False
    #: A record said that it is finished.
    finished: bool = False
    details: Details = NOTHING


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
        self._reader = RecordReader()
        self._choices: dict[int, _Choice] = {}
        self._usage: Json | None = None
        #: The stream's own end is the only mark of it.
        self._open_ended = False
        self._ended = False

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take bytes cut anywhere; give the chunks that are complete."""
        return self._read(self._reader.feed(data))

    def finish(self) -> Iterator[Json]:
        """Take the end of the stream."""
        yield from self._read(self._reader.finish())
        if not self._ended:
            finished = self._choices and all(each.finished for each in self._choices.values())
            if not finished and not (self._open_ended and self._choices):
                raise MalformedReply("The container's stream ended before its answer was finished.")
            yield from self._end()

    def _read(self, records: Iterator[Any]) -> Iterator[Json]:
        for record in records:
            if self._ended:
                continue
            if record is DONE:
                if self._choices:  # the container's own word for the end
                    yield from self._end()
            elif is_document(record):
                yield from self._read_document(record)
            else:
                yield from self._read_pieces(record)

    def _read_pieces(self, record: Any) -> Iterator[Json]:
        counts = record.get("usage") if isinstance(record, dict) else None
        if isinstance(counts, dict) and "completion_tokens" in counts:
            self._usage = counts
        for piece in read_record(record):
            if self.summary.shape is None:
                self.summary.shape = piece.shape
            yield from self._take(piece)
        if self._is_over():
            yield from self._end()

    def _is_over(self) -> bool:
        """Tell whether nothing can follow: a token's record said so; others may bring usage."""
        return self.summary.shape == "token" and all(
            each.finished for each in self._choices.values()
        )

    def _take(self, piece: Piece) -> Iterator[Json]:
        index = self._payload.choice + piece.index
        choice = self._choices.get(index)
        text = piece.text
        if choice is None:
            choice = self._choices[index] = _Choice(self._cutter())
            yield from self._begin(index)
            if not piece.counts:
                text = answer.without_echo(self._dialect, self._request, self._payload, text)
        if choice.finished:
            return
        choice.tokens += piece.counts
        choice.counted = choice.counted or piece.counts
        self._open_ended = self._open_ended or not (piece.counts or "choices" in piece.shape)
        if piece.token is not None:
            choice.waiting.append(piece.token)
        yield from self._say(index, choice, choice.cutter.feed(text))
        choice.finished = piece.last or choice.cutter.stopped
        if piece.details.finish is not None or piece.last:
            choice.details = piece.details

    def _begin(self, index: int) -> Iterator[Json]:
        yield from self._resource.opening_chunks(self._request, index)
        prompt = answer.echoed_prompt(self._dialect, self._request, self._payload)
        if prompt:
            yield self._resource.text_chunk(self._request, index, prompt)

    def _say(self, index: int, choice: _Choice, text: str) -> Iterator[Json]:
        """Give a text: as it came where it is tokens, word by word where it may be more."""
        if not text:
            return
        told = answer.within(choice.ahead + len(text), choice.waiting)
        del choice.waiting[: len(told)]
        choice.ahead += len(text) - sum(len(token.text) for token in told)
        tokens = answer.wanted_tokens(self._request, told)
        for part in (text,) if choice.counted else cut_words(text):
            yield self._resource.text_chunk(self._request, index, part, tokens, choice.characters)
            choice.characters += len(part)
            tokens = ()
        choice.size += usage.size(text)

    def _end(self) -> Iterator[Json]:
        self._ended = True
        for index, choice in self._choices.items():
            yield from self._close(index, choice)
        self._settle()
        if wants_usage(self._request.params) and self.summary.usage is not None:
            yield self._resource.usage_chunk(self._request, self.summary.usage)

    def _close(self, index: int, choice: _Choice) -> Iterator[Json]:
        yield from self._say(index, choice, choice.cutter.finish())
        generated = choice.details.generated
        if generated is None and choice.counted:
            generated = choice.tokens
        reason = finish_reason(
            "stop" if choice.cutter.stopped else choice.details.finish,
            generated=generated,
            limit=token_limit(self._request.params),
        )
        self.summary.finish_reason = self.summary.finish_reason or reason
        chunk = self._resource.last_chunk(self._request, index, reason)
        chunk["choices"][0] = answer.with_own_word(chunk["choices"][0], choice.details.finish)
        yield chunk

    def _settle(self) -> None:
        """Count the stream's tokens: by the container's word, else by records, else by size."""
        summary, payload, choices = self.summary, self._payload, self._choices.values()
        if self._usage is not None:
            summary.usage = answer.counted_once(payload, self._usage)
            summary.usage_source = "container"
            return
        said = [each.details.generated for each in choices]
        exact = None not in said
        known = exact or all(each.counted for each in choices)
        generated = sum(each.details.generated or each.tokens for each in choices)
        prompt = 0 if payload.repeats else next(iter(choices)).details.prompt
        summary.usage, summary.usage_source = usage.settle(
            prompt,
            generated if known else None,
            "details" if exact else "counted",
            (usage.size(payload.prompt), sum(each.size for each in choices)),
        )

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

    def _cutter(self) -> StopCutter:
        return StopCutter(answer.cut_here(self._dialect, self._request))
