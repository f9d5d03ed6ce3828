"""A container's own OpenAI stream, edited on its way.

Knows what chat and completions have in common: the labels, the usage record only where it was
asked for, the end of every choice. What a choice holds is the business of the two resources.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from adapters.base import Decoded, Json, Request, Summary, UsageSource
from adapters.complaint import is_complaint
from adapters.container import unknown_shape
from adapters.errors import MalformedReply
from adapters.framing import DONE, Parse, RecordReader
from adapters.nesting import parse
from adapters.openai import streaming, usage
from adapters.openai.streaming import Resource
from adapters.passthrough.record import edit_choice, label, place_of


class EditedStream(ABC):
    """Edits chunks; a container that sends a whole answer instead has it cut."""

    #: The chunks' `object`.
    kind: ClassVar[str]

    def __init__(self, request: Request, resource: Resource, parse: Parse = parse) -> None:
        self.summary = Summary()
        self._request = request
        self._resource = resource
        self._reader = RecordReader(parse)
        self._wants_usage = streaming.wants_usage(request.params)
        #: vLLM's own wish: the counts so far in each chunk.
        self._wants_running_usage = streaming.wants_running_usage(request.params)
        self._gave_usage = False
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._done = False
        #: What ends each choice, held until the end: some containers say more behind it.
        self._endings: dict[int, Json] = {}
        self._identity: Json = {}
        #: UTF-8 bytes of the answer so far, for an estimate.
        self._said = 0

    @property
    def over(self) -> bool:
        """Whether the container said `[DONE]`."""
        return self._done and not self.summary.whole_document

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take bytes cut anywhere; give the chunks that are complete."""
        return self._read(self._reader.feed(data))

    def finish(self) -> Iterator[Json]:
        """Take the end of the stream."""
        if not self.over:
            yield from self._read(self._reader.finish())
        yield from self._release()
        yield from self._give_endings()
        if not self._seen or (self._open and not self._done):
            raise MalformedReply("The container's stream ended before its answer was finished.")
        if self.summary.usage is None:
            self.summary.usage, self.summary.usage_source = self._estimate()
        if self._wants_usage and not self._gave_usage:
            yield self._resource.usage_chunk(self._request, self.summary.usage) | self._identity

    @abstractmethod
    def _is_whole(self, record: Json) -> bool:
        """Tell a whole answer from a chunk."""

    @abstractmethod
    def _complete(self, record: Json) -> Decoded:
        """Read a whole answer."""

    @abstractmethod
    def _edit_text(self, record: Json, choice: Json, *, first: bool) -> str:
        """Edit what a chunk's choice holds, and give the words in it.

        Args:
            record: The whole chunk.
            choice: One of its choices.
            first: It is the first of its index.

        Raises:
            MalformedReply: it holds nothing that the resource knows.
        """

    @abstractmethod
    def _estimate(self) -> tuple[Json, UsageSource]:
        """Give a usage record for a container that gave none."""

    def _release(self) -> Iterator[Json]:
        """Give what was held back until the end."""
        return iter(())

    def _read(self, records: Iterator[Any]) -> Iterator[Json]:
        for record in records:
            if record is DONE:
                self._done = True
                yield from self._give_endings()
            elif self._done and self.over:
                continue
            elif self._done or not _has_choices(record):
                yield from self._give_endings()
                raise unknown_shape(record)
            elif record["choices"] and self._is_whole(record):
                yield from self._read_whole(record)
            else:
                yield from self._edit(record)

    def _edit(self, record: Json) -> Iterator[Json]:
        choices = record["choices"]
        counts = usage.reported(record.get("usage"))
        self._note_usage(record, counts)
        if not choices and (counts is None or not self._wants_usage):
            return
        self._label(record)
        for choice in choices:
            self._edit_choice(record, choice)
        self._identity = {"id": record["id"], "created": record["created"]}
        if self._endings:
            yield from self._give_behind(choices)
        if len(choices) == 1 and choices[0]["finish_reason"] is not None:
            self._endings[choices[0]["index"]] = record
        else:
            yield record

    def _give_behind(self, choices: list[Json]) -> Iterator[Json]:
        """Give the endings before what follows them; a choice that goes on takes its own along.

        A stream's last record is its usage: that has no choices, and comes behind every ending.
        """
        if not choices:
            yield from self._give_endings()
        for choice in choices:
            held = self._endings.pop(choice["index"], None)
            if held is not None:
                _hand_over(held["choices"][0], choice)
                yield held

    def _give_endings(self) -> Iterator[Json]:
        endings, self._endings = self._endings, {}
        yield from endings.values()

    def _note_usage(self, record: Json, counts: Json | None) -> None:
        if counts is not None:
            self.summary.usage, self.summary.usage_source = counts, "container"
            self._gave_usage = self._gave_usage or not record["choices"]
        if not self._wants_usage:
            record.pop("usage", None)
        elif "usage" in record:
            # The counts have a chunk of their own: who adds chunks up must not see them twice.
            alone = not record["choices"] or self._wants_running_usage
            record["usage"] = counts if alone else None

    def _label(self, record: Json) -> None:
        label(record, self._request, self.kind)

    def _edit_choice(self, record: Json, choice: Json) -> None:
        index = place_of(choice, 0, record)
        first = index not in self._seen
        if first:
            self._seen.add(index)
            self._open.add(index)
        said = self._edit_text(record, choice, first=first)
        if self.summary.usage is None:
            self._said += usage.size(said)
        reason = edit_choice(choice)
        if reason is not None:
            self._open.discard(index)
            self.summary.finish_reason = self.summary.finish_reason or reason

    def _read_whole(self, record: Json) -> Iterator[Json]:
        """Cut a whole answer into chunks: this container did not stream."""
        decoded = self._complete(record)
        self._seen.add(0)
        self._done = True
        self._gave_usage = True
        streaming.note_document(self.summary, decoded)
        yield from self._resource.cut(decoded.body, include_usage=self._wants_usage)


def _hand_over(ended: Json, goes_on: Json) -> None:
    """Let a choice end with its later piece, for the reason said first where that says none."""
    for name in ("finish_reason", "container_finish_reason"):
        said = ended.get(name)
        if said is not None:
            ended[name] = None
            if goes_on.get(name) is None:
                goes_on[name] = said
    ended.pop("container_finish_reason", None)


def _has_choices(record: Any) -> bool:
    """Tell whether a record is a chunk, or a whole answer; one with an error in it is neither."""
    is_object = isinstance(record, dict) and not is_complaint(record)
    return is_object and isinstance(record.get("choices"), list)
