"""Writes event-stream messages by the format's table, apart from the code under test."""

from __future__ import annotations

import json
import struct
from zlib import crc32


def string_header(name: str, value: str) -> bytes:
    """Write one header of the string type."""
    encoded = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(encoded)) + encoded


def message(headers: bytes, payload: bytes = b"") -> bytes:
    """Write one message around raw header bytes, with right lengths and checksums."""
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack("!I", crc32(prelude)) + headers + payload
    return body + struct.pack("!I", crc32(body))


def part(payload: bytes) -> bytes:
    """Write a PayloadPart as SageMaker does."""
    return message(
        string_header(":event-type", "PayloadPart")
        + string_header(":content-type", "application/octet-stream")
        + string_header(":message-type", "event"),
        payload,
    )


def exception(name: str, **body: str) -> bytes:
    """Write a modelled fault."""
    return message(
        string_header(":exception-type", name)
        + string_header(":content-type", "application/json")
        + string_header(":message-type", "exception"),
        json.dumps(body).encode(),
    )


def error(code: str, text: str) -> bytes:
    """Write an unmodelled fault."""
    return message(
        string_header(":message-type", "error")
        + string_header(":error-code", code)
        + string_header(":error-message", text)
    )
