"""Messages out of `application/vnd.amazon.eventstream` bytes that are cut anywhere.

Sans-IO. Knows the framing and its limits; what a message means is the caller's business.

The framing: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple
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
#: A message of so many bytes breaks no limit, whatever is in it.
_SURELY_ALLOWED_BYTES = MAX_HEADERS_BYTES

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


class EventStreamDecoder:
    """Takes bytes cut anywhere, gives whole messages; linear in the number of bytes.

    Lengths are checked before anything of that length is waited for.
    """

    def __init__(self) -> None:
        #: What is wrong with the bytes behind the messages given; the next call raises it.
        self.fault: MalformedReply | None = None
        self._pending = bytearray()
        self._needed = _PRELUDE_BYTES
        # Nearly every message of a stream has the same headers, so the last ones are remembered.
        self._header_block: bytes | None = None
        self._header_kind = ""
        self._header_name = ""
        self._headers: Mapping[str, HeaderValue] = {}

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
        unpack_prelude, unpack_crc = _PRELUDE.unpack_from, _CRC.unpack_from
        new_message = tuple.__new__  # what `Message(...)` comes to, without a call of Python's
        start, end = 0, len(data)
        self._needed = _PRELUDE_BYTES
        while end - start >= _PRELUDE_BYTES:
            total, headers_length, prelude_crc = unpack_prelude(data, start)
            if crc32(data[start : start + 8]) != prelude_crc:
                raise MalformedReply(
                    "The stream from AWS is damaged, or is not an event stream at all "
                    "(checksum of a message's lengths)."
                )
            if not _LEAST_MESSAGE_BYTES + headers_length <= total <= _SURELY_ALLOWED_BYTES:
                _check_lengths(total, headers_length)
            stop = start + total
            if stop > end:
                self._needed = total
                break
            # The checksum runs over the prelude, its own checksum and all that follows.
            crc = crc32(data[start + 8 : stop - _CRC_BYTES], prelude_crc)
            if crc != unpack_crc(data, stop - _CRC_BYTES)[0]:
                raise MalformedReply("The stream from AWS is damaged (checksum of a message).")
            headers_end = start + _PRELUDE_BYTES + headers_length
            block = data[start + _PRELUDE_BYTES : headers_end]
            if block != self._header_block:
                self._read_headers(block)
            payload = data[headers_end : stop - _CRC_BYTES]
            heading = self._header_kind, self._header_name, payload, self._headers
            messages.append(new_message(Message, heading))
            start = stop
        if start < end:
            self._pending += data[start:] if start else data

    def _read_headers(self, block: bytes) -> None:
        headers = parse_headers(block)
        kind = str(headers.get(":message-type", ""))
        self._header_kind = kind
        self._header_name = str(headers.get(_NAME_HEADERS.get(kind, ""), ""))
        self._headers = headers
        self._header_block = block


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
