"""The event-stream frames of `application/vnd.amazon.eventstream`: bytes out, nothing else.

Knows the binary layout and the messages that SageMaker Runtime sends in it. Refuses to know what
the payloads mean, and never decodes: its frames are proven with botocore's parser.
"""

import struct
from collections.abc import Iterable, Mapping
from zlib import crc32

import orjson

CONTENT_TYPE = "application/vnd.amazon.eventstream"
PRELUDE = 12  # total length, headers length and their CRC, four bytes each
_CRC = 4
_STRING = 7  # the header type "UTF-8 string", the only one that SageMaker Runtime sends


def encode(headers: Iterable[tuple[str, str]], payload: bytes) -> bytes:
    """Encodes one message with string headers, in the order given."""
    return _message(_encode_headers(headers), payload)


def payload_part(data: bytes) -> bytes:
    """A `PayloadPart` event: an arbitrary slice of the container's bytes, perhaps empty."""
    return _message(_PAYLOAD_PART, data)


def event(event_type: str, data: bytes) -> bytes:
    """An event of any type; clients ignore the types they don't know."""
    return encode(_event_headers(event_type), data)


def exception(exception_type: str, fields: Mapping[str, str]) -> bytes:
    """A modelled in-stream fault: `ModelStreamError` or `InternalStreamFailure`."""
    headers = (
        (":exception-type", exception_type),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    )
    return encode(headers, orjson.dumps(dict(fields)))


def error(code: str, message: str) -> bytes:
    """An unmodelled in-stream fault; it has headers only."""
    headers = ((":error-code", code), (":error-message", message), (":message-type", "error"))
    return encode(headers, b"")


def _event_headers(event_type: str) -> tuple[tuple[str, str], ...]:
    return (
        (":event-type", event_type),
        (":content-type", "application/octet-stream"),
        (":message-type", "event"),
    )


def _encode_headers(headers: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(_encode_header(name.encode(), value.encode()) for name, value in headers)


def _encode_header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", _STRING, len(value)) + value


def _message(headers: bytes, payload: bytes) -> bytes:
    total = PRELUDE + len(headers) + len(payload) + _CRC
    prelude = struct.pack("!II", total, len(headers))
    message = b"".join((prelude, struct.pack("!I", crc32(prelude)), headers, payload))
    return message + struct.pack("!I", crc32(message))


#: The headers of nearly every frame, encoded once.
_PAYLOAD_PART = _encode_headers(_event_headers("PayloadPart"))
