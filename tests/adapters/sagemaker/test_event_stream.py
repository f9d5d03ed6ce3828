"""The event-stream decoder against the format's table and against botocore's decoder."""

import struct
from itertools import pairwise
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import MalformedReply
from adapters.sagemaker.event_stream import (
    MAX_HEADERS_BYTES,
    MAX_PAYLOAD_BYTES,
    EventStreamDecoder,
    Message,
)
from tests.adapters.sagemaker.frames import error, exception, message, part, string_header

PAYLOAD_PART = bytes.fromhex(
    "0000007300000059c9e7ac260b3a6576656e742d7479706507000b5061796c6f6164506172740d3a636f6e74656e742d"
    "747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d74797065070005"
    "6576656e74646174613a207b7d0a0ac35f3796"
)
STREAM_ERROR = bytes.fromhex(
    "0000009a0000005e72479c2b0f3a657863657074696f6e2d747970650700104d6f64656c53747265616d4572726f720d"
    "3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700"
    "09657863657074696f6e7b224d657373616765223a22637574222c224572726f72436f6465223a2253747265616d4272"
    "6f6b656e227d1e2c45c9"
)
EMPTY = bytes.fromhex("000000100000000005c248eb7d98c8ff")


def decode(*pieces: bytes) -> list[Message]:
    """Decode a whole stream that came in these pieces."""
    decoder = EventStreamDecoder()
    messages = [message for piece in pieces for message in decoder.feed(piece)]
    decoder.finish()
    return messages


def prelude(total: int, headers: int) -> bytes:
    """Write a prelude with a right checksum."""
    lengths = struct.pack("!II", total, headers)
    return lengths + struct.pack("!I", crc32(lengths))


def test_known_payload_part() -> None:
    """A PayloadPart of the real service decodes to its payload and its headers."""
    (found,) = decode(PAYLOAD_PART)
    assert found == Message(
        "event",
        "PayloadPart",
        b"data: {}\n\n",
        {
            ":event-type": "PayloadPart",
            ":content-type": "application/octet-stream",
            ":message-type": "event",
        },
    )


def test_known_exception() -> None:
    """An exception of the real service decodes to its name and its JSON."""
    (found,) = decode(STREAM_ERROR)
    assert (found.kind, found.name) == ("exception", "ModelStreamError")
    assert found.payload == b'{"Message":"cut","ErrorCode":"StreamBroken"}'


def test_known_empty_message() -> None:
    """The smallest message has neither headers nor payload, and no kind."""
    assert decode(EMPTY) == [Message("", "", b"", {})]


def test_unmodelled_error() -> None:
    """An error message is named by its `:error-code`."""
    (found,) = decode(error("InternalError", "oops"))
    assert (found.kind, found.name) == ("error", "InternalError")
    assert found.headers[":error-message"] == "oops"


def test_every_cut_gives_the_same_messages() -> None:
    """A stream cut in two anywhere, or into single bytes, gives the same messages (J1)."""
    stream = PAYLOAD_PART + EMPTY + part("naïve\n".encode()) + part(b"") + STREAM_ERROR
    whole = decode(stream)
    assert len(whole) == 5
    for cut in range(len(stream) + 1):
        assert decode(stream[:cut], stream[cut:]) == whole
    assert decode(*(bytes([byte]) for byte in stream)) == whole


@given(
    payloads=st.lists(st.binary(max_size=300), max_size=8),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
)
def test_any_cuts_of_any_payloads(payloads: list[bytes], cuts: list[int]) -> None:
    """Any payloads cut into any pieces come out whole and in order (J1)."""
    stream = b"".join(map(part, payloads))
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    messages = decode(*(stream[start:end] for start, end in pairwise(edges)))
    assert [found.payload for found in messages] == payloads


def test_every_header_type() -> None:
    """All ten header types are read as botocore reads them."""
    block = (
        b"\x01a\x00"
        b"\x01b\x01"
        b"\x01c\x02\xff"
        b"\x01d\x03\xff\xfe"
        b"\x01e\x04\xff\xff\xff\xfd"
        b"\x01f\x05\xff\xff\xff\xff\xff\xff\xff\xfc"
        b"\x01g\x06\x00\x03xyz"
        b"\x01h\x07\x00\x02\xc3\xa9"
        b"\x01i\x08\x00\x00\x01\x8b\xcf\xe5\x68\x00"
        b"\x01j\x09" + bytes(range(16))
    )
    buffer = EventStreamBuffer()
    buffer.add_data(message(block))
    (found,) = decode(message(block))
    assert found.headers == next(buffer).headers
    assert found.headers["h"] == "é"


def test_every_flipped_bit_is_noticed() -> None:
    """One bit flipped anywhere gives an error, never other data (J2)."""
    for position in range(len(PAYLOAD_PART) * 8):
        damaged = bytearray(PAYLOAD_PART)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(MalformedReply):
            decode(bytes(damaged))


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        (0, 0),
        (15, 0),
        (2**31 - 1, 0),
        (2**32 - 1, 0),
        (16, 1),
        (100, 200),
        (100, 85),
        (MAX_PAYLOAD_BYTES + 17, 0),
        (MAX_HEADERS_BYTES + 17, MAX_HEADERS_BYTES + 1),
    ],
)
def test_impossible_lengths_are_refused_at_once(total: int, headers: int) -> None:
    """A hostile length is an error as soon as it is read: nothing is waited for (J3)."""
    with pytest.raises(MalformedReply):
        EventStreamDecoder().feed(prelude(total, headers))


def test_largest_lengths_are_waited_for() -> None:
    """The limits themselves are allowed."""
    decoder = EventStreamDecoder()
    total = 16 + MAX_HEADERS_BYTES + MAX_PAYLOAD_BYTES
    assert decoder.feed(prelude(total, MAX_HEADERS_BYTES)) == []
    with pytest.raises(MalformedReply, match="ended inside"):
        decoder.finish()


@pytest.mark.parametrize(
    "block",
    [
        b"\x01a\x0a",
        b"\x01a\xff",
        b"\x05a\x00",
        b"\x01a",
        b"\x01a\x04\x00",
        b"\x01a\x07\x00",
        b"\x01a\x07\x00\x05ab",
        b"\x01a\x06\xff\xff",
        b"\x01a\x09\x00",
        b"\x01a\x00\x01a\x01",
        b"\x01\xff\x00",
        b"\x01a\x07\x00\x01\xff",
    ],
    ids=[
        "type 10",
        "type 255",
        "name past the end",
        "no type",
        "integer past the end",
        "length past the end",
        "string past the end",
        "bytes past the end",
        "uuid past the end",
        "twice the same",
        "name not UTF-8",
        "value not UTF-8",
    ],
)
def test_hostile_headers_are_refused(block: bytes) -> None:
    """Headers that break the format are an error although the checksums are right (J4)."""
    with pytest.raises(MalformedReply):
        decode(message(block, b"payload"))


def test_messages_before_a_fault_are_given_first() -> None:
    """Of one read, what stands before the damage is delivered; the next call raises."""
    damaged = PAYLOAD_PART[:-1] + b"\x00"
    decoder = EventStreamDecoder()
    assert len(decoder.feed(PAYLOAD_PART * 3 + damaged)) == 3
    assert decoder.fault is not None
    with pytest.raises(MalformedReply):
        decoder.feed(PAYLOAD_PART)
    with pytest.raises(MalformedReply):
        decoder.finish()


def test_html_is_not_called_a_checksum_only() -> None:
    """Bytes that are no event stream at all are said to be none."""
    with pytest.raises(MalformedReply, match="not an event stream"):
        decode(b"<html><body>Bad gateway</body></html>")


def test_end_inside_a_message_may_be_tried_again() -> None:
    """Every proper beginning of a message is a truncated stream, which another try may mend."""
    for length in range(1, len(PAYLOAD_PART)):
        with pytest.raises(MalformedReply, match="ended inside") as caught:
            decode(PAYLOAD_PART[:length])
        assert caught.value.retryable


def test_cached_headers_follow_a_change() -> None:
    """Remembered headers never stick to a message that has others."""
    other = message(string_header(":message-type", "event") + string_header(":event-type", "New"))
    names = [found.name for found in decode(PAYLOAD_PART, PAYLOAD_PART + other + PAYLOAD_PART)]
    assert names == ["PayloadPart", "PayloadPart", "New", "PayloadPart"]


def test_large_message_in_small_pieces() -> None:
    """A message of megabytes in thousands of pieces comes out whole (F10)."""
    payload = bytes(range(256)) * 16_384
    stream = part(payload)
    (found,) = decode(*(stream[at : at + 1000] for at in range(0, len(stream), 1000)))
    assert found.payload == payload


@given(st.binary(max_size=200))
def test_random_bytes_never_hang_or_crash(data: bytes) -> None:
    """Random bytes are refused, or wait for more; nothing else is raised (J5)."""
    decoder = EventStreamDecoder()
    outcome = "whole"
    try:
        decoder.feed(data)
        decoder.finish()
    except MalformedReply:
        outcome = "refused"
    assert outcome == ("refused" if data else "whole")


STREAMS = st.lists(
    st.one_of(
        st.binary(max_size=40).map(part),
        st.builds(exception, st.sampled_from(["ModelStreamError", "X"]), Message=st.text()),
        st.builds(message, st.binary(max_size=30), st.binary()),
        st.binary(max_size=30),
    ),
    max_size=5,
).map(b"".join)


def reference(stream: bytes) -> tuple[list[tuple[dict[str, object], bytes]], bool]:
    """Give botocore's records, and whether it came to the end of the stream without an error."""
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    records = []
    at = 0
    try:
        for found in buffer:
            records.append((found.headers, found.payload))
            at += getattr(found.prelude, "total_length", 0)
    except Exception:  # noqa: BLE001 - botocore's decoder raises many kinds, all of them a refusal
        return records, False
    return records, at == len(stream)


@given(STREAMS)
def test_same_records_as_botocore(stream: bytes) -> None:
    """Ours gives botocore's records; it may refuse more (short values), never less (J6)."""
    expected, sound = reference(stream)
    decoder = EventStreamDecoder()
    messages: list[Message] = []
    try:
        messages = decoder.feed(stream)
        decoder.finish()
    except MalformedReply:
        assert len(messages) <= len(expected)
    else:
        assert sound
        assert len(messages) == len(expected)
    for found, (headers, payload) in zip(messages, expected, strict=False):
        assert (found.headers, found.payload) == (headers, payload)
