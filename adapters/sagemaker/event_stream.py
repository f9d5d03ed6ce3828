"""Messages out of `application/vnd.amazon.eventstream` bytes that are cut anywhere.

Sans-IO. Knows the framing and its limits; what a message means is the caller's business.

The framing: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple
from zlib import crc32

from adapters.errors import MalformedReply

MAX_HEADERS_BYTES = 128 * 1024
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024

HeaderValue = bool | int | str | bytes

_PRELUDE = struct.Struct("!III")
_PRELUDE_BYTES = 12
_CRC = struct.Struct("!I")
_CRC_BYTES = 4
_LEAST_MESSAGE_BYTES = _PRELUDE_BYTES + _CRC_BYTES

_UINT16 = struct.Struct("!H")
_BYTES_TYPE, _STRING_TYPE, _UUID_TYPE = 6, 7, 9
_UUID_BYTES = 16
#: Types without a value, and what they stand for.
_BOOLEANS = {0: True, 1: False}
#: int8, int16, int32, int64 and the timestamp (milliseconds since 1970).
_INTEGERS = {
    2: struct.Struct("!b"),
    3: struct.Struct("!h"),
    4: struct.Struct("!i"),
    5: struct.Struct("!q"),
    8: struct.Struct("!q"),
}


class Message(NamedTuple):
    """One message of the stream."""

    #: `:message-type`: event, exception or error; empty where the header is missing.
    kind: str
    #: `:event-type`, `:exception-type` or `:error-code`, whichever the kind has; else empty.
    name: str
    payload: bytes
    headers: Mapping[str, HeaderValue]


_NAME_HEADERS = {"event": ":event-type", "exception": ":exception-type", "error": ":error-code"}


#: A message's prelude and headers: their bytes, those up to its checksum, the checksum so far, its
#: kind, its name and its headers, None where these are not read yet.
_Heading = tuple[int, int, int, str, str, Mapping[str, HeaderValue] | None]

#: Headings of sound messages, by their bytes: those of a container's tokens differ in their length
#: alone, and are the same in all its streams.
_known: dict[bytes, _Heading] = {}
_MOST_KNOWN: Final = 1024
_MOST_KNOWN_BYTES: Final = 256


class EventStreamDecoder:
    """Takes bytes cut anywhere, gives whole messages; linear in the number of bytes.

    Lengths are checked before anything of that length is waited for.
    """

    def __init__(self) -> None:
        #: What is wrong with the bytes behind the messages given; the next call raises it.
        self.fault: MalformedReply | None = None
        self._pending = bytearray()
        self._needed = _PRELUDE_BYTES
        #: The bytes of the latest heading: nearly every message of a stream has as many.
        self._usual = 0

    def feed(self, data: bytes) -> list[Message]:
        """Give the messages that are complete.

        Those in front of a fault are given first: `fault` is set then, and the next call raises it.

        Raises:
            MalformedReply: the bytes are not an event stream, or were damaged on their way.
        """
        if self.fault is not None:
            raise self.fault
        if self._pending:
            self._pending += data
            if len(self._pending) < self._needed:
                return []
            data = bytes(self._pending)
            self._pending.clear()
        messages: list[Message] = []
        try:
            self._read_messages(data, messages)
        except MalformedReply as fault:
            self.fault = fault
            if not messages:
                raise
        return messages

    def finish(self) -> None:
        """Take the end of the stream.

        Raises:
            MalformedReply: it cut a message in two, or a fault was not raised yet.
        """
        if self.fault is not None:
            raise self.fault
        if self._pending:
            raise MalformedReply("The stream from AWS ended inside a message.", retryable=True)

    def _read_messages(self, data: bytes, messages: list[Message]) -> None:
        unpack_crc = _CRC.unpack_from
        new_message = tuple.__new__  # what `Message(...)` comes to, without a call of Python's
        start, end = 0, len(data)
        self._needed = _PRELUDE_BYTES
        while end - start >= _PRELUDE_BYTES:
            heading = _known.get(data[start : start + self._usual])
            if heading is None:
                heading = self._read_heading(data, start)
            length, to_crc, crc, kind, name, headers = heading
            payload_end = start + to_crc
            stop = payload_end + _CRC_BYTES
            if stop > end:
                self._needed = stop - start
                break
            payload = data[start + length : payload_end]
            if crc32(payload, crc) != unpack_crc(data, payload_end)[0]:
                raise MalformedReply("The stream from AWS is damaged (checksum of a message).")
            if headers is None:
                kind, name, headers = self._read_headers(data[start : start + length], to_crc, crc)
            messages.append(new_message(Message, (kind, name, payload, headers)))
            start = stop
        if start < end:
            self._pending += data[start:] if start else data

    @staticmethod
    def _read_heading(data: bytes, start: int) -> _Heading:
        """Read a message's lengths; its headers only count once it is all there and sound."""
        total, headers_length, prelude_crc = _PRELUDE.unpack_from(data, start)
        if crc32(data[start : start + 8]) != prelude_crc:
            raise MalformedReply(
                "The stream from AWS is damaged, or is not an event stream at all "
                "(checksum of a message's lengths)."
            )
        _check_lengths(total, headers_length)
        length = _PRELUDE_BYTES + headers_length
        # The checksum runs over the prelude, its own checksum and all that follows.
        crc = crc32(data[start + 8 : start + length], prelude_crc)
        return length, total - _CRC_BYTES, crc, "", "", None

    def _read_headers(
        self, heading: bytes, to_crc: int, crc: int
    ) -> tuple[str, str, Mapping[str, HeaderValue]]:
        """Read a sound message's headers, and know them from now on."""
        headers = parse_headers(heading[_PRELUDE_BYTES:])
        kind = str(headers.get(":message-type", ""))
        name = str(headers.get(_NAME_HEADERS.get(kind, ""), ""))
        if len(heading) <= _MOST_KNOWN_BYTES:
            self._usual = len(heading)
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[heading] = len(heading), to_crc, crc, kind, name, headers
        return kind, name, headers


def _check_lengths(total: int, headers_length: int) -> None:
    if total < _LEAST_MESSAGE_BYTES:
        raise MalformedReply("The stream from AWS has a message shorter than its own frame.")
    if headers_length > MAX_HEADERS_BYTES:
        raise MalformedReply("The stream from AWS has a message with more than 128 KiB of headers.")
    payload_length = total - headers_length - _LEAST_MESSAGE_BYTES
    if payload_length < 0:
        raise MalformedReply("The stream from AWS has a message shorter than its headers.")
    if payload_length > MAX_PAYLOAD_BYTES:
        raise MalformedReply("The stream from AWS has a message of more than 24 MiB.")


def parse_headers(block: bytes) -> dict[str, HeaderValue]:
    """Read one message's headers.

    Raises:
        MalformedReply: a header runs past the block, has an unknown type, a name that is not UTF-8
            or was there before.
    """
    headers: dict[str, HeaderValue] = {}
    at = 0
    try:
        while at < len(block):
            name_end = at + 1 + block[at]
            name = _take(block, at + 1, name_end).decode()
            if name in headers:
                raise MalformedReply("The stream from AWS has a message with a header twice.")
            headers[name], at = _read_value(block, name_end)
    except (IndexError, struct.error) as error:
        raise MalformedReply(_HEADER_PAST_END) from error
    except UnicodeDecodeError as error:
        raise MalformedReply("The stream from AWS has a header that is not UTF-8.") from error
    return headers


_HEADER_PAST_END = "The stream from AWS has a header that runs past its message's headers."


def _read_value(block: bytes, at: int) -> tuple[HeaderValue, int]:
    """Read a header's type and value at `at`; give the value and where it ends."""
    kind = block[at]
    at += 1
    if kind in _BOOLEANS:
        return _BOOLEANS[kind], at
    if kind in _INTEGERS:
        integer = _INTEGERS[kind]
        return integer.unpack_from(block, at)[0], at + integer.size
    if kind in {_BYTES_TYPE, _STRING_TYPE}:
        start = at + _UINT16.size
        end = start + _UINT16.unpack_from(block, at)[0]
        value = _take(block, start, end)
        return (value if kind == _BYTES_TYPE else value.decode()), end
    if kind == _UUID_TYPE:
        return _take(block, at, at + _UUID_BYTES), at + _UUID_BYTES
    raise MalformedReply("The stream from AWS has a header of an unknown type.")


def _take(block: bytes, start: int, end: int) -> bytes:
    if end > len(block):
        raise MalformedReply(_HEADER_PAST_END)
    return block[start:end]
