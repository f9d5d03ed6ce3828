"""Records out of bytes that are cut anywhere: SSE, JSON lines, concatenated or whole JSON.

Sans-IO: `feed` takes bytes, gives parsed JSON values (or `DONE`), and never waits for more than the
record needs. Knows framing only; what a record means is the format's business.

Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import orjson

from adapters.errors import MalformedReply
from adapters.nesting import parse

#: OpenAI's end mark, `data: [DONE]`.
DONE: Final = object()

_NOTHING: Final = object()
_BLANK: Final = object()

#: A record beyond this is refused; SageMaker's own limit for a whole answer is 6 MiB.
MAX_RECORD_BYTES = 32 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_SSE_FIELDS = (b"data:", b"event:", b"retry:", b"id:", b":")
_BETWEEN_VALUES = b" \t\r\n,"
#: Parses one record's bytes.
Parse = Callable[[bytes], Any]

_STRUCTURE = re.compile(rb'["{}\[\]]')
_STRING_END = re.compile(rb'["\\]')
_QUOTE = ord('"')
_BACKSLASH = ord("\\")


class Reader(Protocol):
    """Splits one kind of framing."""

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take bytes cut anywhere; give the values that are complete."""
        ...

    def finish(self) -> Iterator[Any]:
        """Take the end of the bytes; give what it completes."""
        ...


class RecordReader:
    """Tells SSE from JSON by the first bytes, then reads records of that kind.

    Both methods give records one by one, each before the next is looked at, so that those before a
    fault are not lost with it.

    Args:
        parse: Parses one record; raises `orjson.JSONDecodeError` where that is not JSON.

    Raises (from `feed` and `finish`):
        MalformedReply: the bytes are neither, a record is not JSON, or the end cuts one in two.
    """

    def __init__(self, parse: Parse = parse) -> None:
        self._parse = parse
        self._reader: Reader | None = None
        self._start = b""

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take bytes cut anywhere; give the records that are complete."""
        return self._begin(data) if self._reader is None else self._reader.feed(data)

    def whole_lines(self, data: bytes) -> list[bytes] | None:
        """Give the lines of bytes that are server-sent events of one line each, and nothing else.

        Nothing is taken: it is what `feed` would read of them, one by one.

        Returns:
            None where they are anything else, or begin inside of an event.
        """
        reader = self._reader
        if type(reader) is not SseReader or reader.is_inside_event or b"\r" in data:
            return None
        lines = data.split(b"\n")
        return None if len(lines) % 2 == 0 or any(lines[1::2]) or lines[-1] else lines[:-1:2]

    def _begin(self, data: bytes) -> Iterator[Any]:
        """Take the first bytes, until they tell what the stream is made of."""
        self._start += data
        self._reader = _recognise(self._start, self._parse)
        if self._reader is not None:
            text, self._start = self._start.lstrip(_BOM + b" \t\r\n"), b""
            return self._reader.feed(text)
        if not self._start.removeprefix(_BOM).strip():
            # White space says nothing, however much of it there is; but a mark of the byte order
            # that comes behind it is none.
            self._start = b" " if self._start else b""
        return iter(())

    def finish(self) -> Iterator[Any]:
        """Take the end of the stream; give the records that it completes."""
        if self._reader is not None:
            yield from self._reader.finish()
        elif self._start.strip():
            raise MalformedReply("The container's stream ended inside its first record.")


def _recognise(start: bytes, parse: Parse) -> Reader | None:
    """Give the reader for a stream that starts so, or None while that can't be told."""
    if _BOM.startswith(start[: len(_BOM)]) and len(start) < len(_BOM):
        return None
    text = start.removeprefix(_BOM).lstrip()
    if text.startswith((b"{", b"[")):
        return JsonReader()
    if text.startswith(_SSE_FIELDS):
        return SseReader(parse)
    if any(name.startswith(text) for name in _SSE_FIELDS):
        return None
    raise MalformedReply("The container's stream is neither server-sent events nor JSON.")


class SseReader:
    """Reads `data:` fields; comments and other fields are skipped.

    A field that is complete JSON is a record at once: some containers put one per line, with no
    blank line between. Only a value spread over several `data:` lines waits for the blank line.
    """

    def __init__(self, parse: Parse = parse) -> None:
        self._parse = parse
        self._line: list[bytes] = []
        self._line_size = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._after_return = False

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take bytes cut anywhere; give the records whose line is complete."""
        if b"\r" in data or self._after_return:
            data = self._unify_line_ends(data)
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            lines = (b"".join(self._line) + head).split(b"\n")
            self._line.clear()
            self._line_size = 0
            for line in lines:
                if not line and not self._pending:
                    continue
                record = self._read(line)
                if record is not _NOTHING:
                    yield record
        if tail:
            self._line.append(tail)
            self._line_size += len(tail)
        if self._line_size + self._pending_size > MAX_RECORD_BYTES:
            raise MalformedReply("The container sent a record that is too large.")

    def finish(self) -> Iterator[Any]:
        """Take the end: a last line needs no line end, a last event no blank line."""
        for record in (self._read(b"".join(self._line)), self._end_event()):
            if record is not _NOTHING:
                yield record

    @property
    def is_inside_event(self) -> bool:
        """Whether what comes next may belong to what came before."""
        return bool(self._line or self._pending or self._after_return)

    def _unify_line_ends(self, data: bytes) -> bytes:
        """Make CRLF and CR into LF, also where the pair is cut in two."""
        if self._after_return:
            data = data.removeprefix(b"\n")
        self._after_return = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, line: bytes) -> Any:
        if line.startswith(b"data:"):
            if not self._pending:
                try:
                    return self._parse(line[5:])
                except orjson.JSONDecodeError:
                    pass  # the end mark, or the first line of several
            return self._read_value(line[5:].strip())
        if not line:
            return self._end_event()
        if line.startswith(b"{"):  # an error object, bare between the events
            return self._read(b"data:" + line)
        return _NOTHING

    def _read_value(self, value: bytes) -> Any:
        if value == b"[DONE]" and not self._pending:
            return DONE
        if value:
            self._pending.append(value)
            self._pending_size += len(value)
        return _NOTHING

    def _end_event(self) -> Any:
        if not self._pending:
            return _NOTHING
        value = b"\n".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        return _parse(value)


class JsonReader:
    """Reads JSON objects and arrays that follow one another, with or without line ends between.

    One per line is the usual case and is parsed straight away; anything else is scanned for the
    end of the value, each byte once.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._depth = 0
        self._in_string = False
        self._glued = False

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take bytes cut anywhere; give the values that are complete."""
        self._buffer += data
        while self._buffer:
            at_start = self._scanned == 0 and not self._glued
            record = self._take_line() if at_start else _NOTHING
            if record is _NOTHING:
                record = self._take_scanned()
            if record is _NOTHING:
                break
            if record is not _BLANK:
                yield record
        if len(self._buffer) > MAX_RECORD_BYTES:
            raise MalformedReply("The container sent a record that is too large.")

    def finish(self) -> Iterator[Any]:
        """Take the end of the bytes."""
        if self._buffer.strip(_BETWEEN_VALUES):
            raise MalformedReply("The container's stream ended inside a record.")
        return iter(())

    def _take_line(self) -> Any:
        """Take a value that fills its line; `_NOTHING` where there is none."""
        end = self._buffer.find(b"\n")
        if end < 0:
            return _NOTHING
        line = bytes(self._buffer[:end]).strip(_BETWEEN_VALUES)
        try:
            record = parse(line) if line else _BLANK
        except orjson.JSONDecodeError:
            return _NOTHING
        del self._buffer[: end + 1]
        return record

    def _take_scanned(self) -> Any:
        """Take one value wherever it ends; `_NOTHING` while it goes on."""
        end = self._find_end()
        if end < 0:
            return _NOTHING
        value = bytes(self._buffer[:end]).lstrip(_BETWEEN_VALUES)
        del self._buffer[:end]
        self._scanned = 0
        # Values that follow without a line end are not looked for one again and again.
        self._glued = bool(self._buffer) and not self._buffer.startswith((b"\n", b"\r"))
        return _parse(value)

    def _find_end(self) -> int:
        """Give the index behind the first whole value, or -1; goes on where it stopped before."""
        buffer = self._buffer
        while True:
            pattern = _STRING_END if self._in_string else _STRUCTURE
            match = pattern.search(buffer, self._scanned)
            if match is None:
                self._scanned = len(buffer)
                return -1
            mark = buffer[match.start()]
            if mark == _BACKSLASH:  # it and the byte behind it are one
                if match.end() == len(buffer):
                    self._scanned = match.start()
                    return -1
                self._scanned = match.end() + 1
                continue
            self._scanned = match.end()
            if mark == _QUOTE:
                self._in_string = not self._in_string
            elif mark in b"{[":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth <= 0:
                    self._depth = 0
                    return self._scanned


def _parse(value: bytes) -> Any:
    try:
        return parse(value)
    except orjson.JSONDecodeError as error:
        raise MalformedReply("The container sent a record that is not JSON.") from error
