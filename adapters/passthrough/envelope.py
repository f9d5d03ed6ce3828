"""What stays the same from chunk to chunk of a chat stream, so that only the text need be read.

A container writes the same bytes around each piece of text, and what becomes of them is the same
each time. Knows where a chunk's text stands; refuses to know how chunks are edited.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapters.base import Json
from adapters.nesting import parse
from adapters.openai import events

#: Stands where a text was; no chunk has it anywhere else.
_MARK: Final = "sagegate:text"
_MARK_BYTES: Final = _MARK.encode()
#: Envelopes that are learnt in vain, one after the other, before a stream is taken not to have one.
_MOST_IN_VAIN: Final = 4


class Envelope:
    """Parses a stream's records; those that differ in their text alone come out edited already.

    That is what parsing and editing would give: between the bytes in front and those behind there
    is one JSON string, where one was before.
    """

    def __init__(self) -> None:
        self._front = self._back = b""
        #: What stands before, between and behind texts in our events, while it is known.
        self._written: tuple[bytes, bytes, bytes] | None = None
        #: The parts of the last chunk: copies, for the chunk itself is whoever's it was given to.
        self._parts: tuple[Json, Json, Json] | None = None
        self._in_vain = 0
        self._data = b""
        #: The latest chunk that needs no edit any more.
        self.edited: Json | None = None

    def parse(self, data: bytes) -> Any:
        """Parse a record, or give `edited`.

        Raises:
            orjson.JSONDecodeError: it is not JSON.
            MalformedReply: it is nested too deeply.
        """
        self.edited = self._chunk(data)
        if self.edited is not None:
            return self.edited
        self._data = data
        return parse(data)

    def take(self) -> bytes:
        """Give the bytes of the record that was parsed, once, and forget what was learnt."""
        self._parts = self._written = None
        data, self._data = self._data, b""
        return data

    def learn(self, data: bytes, chunk: Json) -> None:
        """Take the bytes of a record, and the chunk that was made of it.

        The edit must be one that does not depend on the text, and that the next record would get.
        """
        if self._in_vain == _MOST_IN_VAIN or not _is_plain(chunk):
            return
        choice = chunk["choices"][0]
        front, found, back = data.rpartition(orjson.dumps(choice["delta"]["content"]))
        if found and _text_of(b'%b"%b"%b' % (front, _MARK_BYTES, back)) == _MARK:
            self._in_vain += 1
            self._front, self._back = front, back
            parts = {**chunk}, {**choice}, {**choice["delta"]}
            self._parts, self._written = parts, events.around_texts(_made(parts, _MARK), _MARK)

    def write(self, lines: list[bytes]) -> tuple[bytes, str] | None:
        """Give the events of records that differ in their text alone, and all they say.

        Args:
            lines: Those of server-sent events, one for each record.

        Returns:
            None where there is any other record among them.
        """
        if self._written is None:
            return None
        lead, tail = b"data:" + self._front, self._back
        start, end = len(lead), -len(tail)
        literals = [
            line[start:end] for line in lines if line.startswith(lead) and line.endswith(tail)
        ]
        try:
            texts = [*map(orjson.loads, literals)]
            said = "".join(texts)
        except (orjson.JSONDecodeError, TypeError):
            return None
        if len(texts) < len(lines):
            return None
        self._in_vain = 0
        return events.write_texts(self._written, texts), said

    def _chunk(self, data: bytes) -> Json | None:
        """Give the edited chunk that a record's bytes stand for; None where they must be parsed."""
        parts = self._parts
        if parts is None or not (data.startswith(self._front) and data.endswith(self._back)):
            return None
        try:
            text = orjson.loads(data[len(self._front) : len(data) - len(self._back)])
        except orjson.JSONDecodeError:
            return None
        if type(text) is not str:
            return None
        self._in_vain = 0
        return _made(parts, text)


def _made(parts: tuple[Json, Json, Json], text: str) -> Json:
    """Give the chunk with a text."""
    chunk, choice, delta = parts
    return {**chunk, "choices": [{**choice, "delta": {**delta, "content": text}}]}


def _is_plain(chunk: Json) -> bool:
    """Tell whether a chunk is one choice's text, beside single values: these can be shared."""
    if len(chunk["choices"]) != 1:
        return False
    choice = chunk["choices"][0]
    delta = choice["delta"]
    return isinstance(delta.get("content"), str) and not any(
        isinstance(value, dict | list)
        for part, own in ((chunk, "choices"), (choice, "delta"), (delta, ""))
        for name, value in part.items()
        if name != own
    )


def _text_of(data: bytes) -> Any:
    """Give the text of a record's first choice; None where there is none."""
    try:
        return orjson.loads(data)["choices"][0]["delta"]["content"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return None
