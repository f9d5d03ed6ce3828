"""Containers' streams: events, JSON lines and glued JSON, damaged and cut anywhere (J7, J8, F5)."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.errors import MalformedReply
from adapters.framing import RecordReader
from tests.fuzz.cutting import CUTS, DAMAGES, damaged, reads
from tests.fuzz.effort import searching

PIECES = st.lists(
    st.sampled_from(
        [
            b'data: {"a": 1}',
            b'data:{"a":\ndata: [1, "]"]}',
            b"data: [DONE]",
            b"data:",
            b"data: 1",
            b"data: NaN",
            b'data: "\\ud800"',
            b'{"a": {"b": [1, 2, {"c": "}\\""}]}}',
            b'{"a": "\xe2\x82\xac"}',
            b'{"a": "\xff"}',
            b'{"a": "\\ud83d"}',
            b'{"a": 1e999}',
            b"[1]",
            b"[" * 300,
            b"]",
            b"}",
            b",",
            b": ping",
            b"event: x",
            b"id: 1",
            b"retry: 5",
            b"\xef\xbb\xbf",
            b"\r",
            b"\n",
            b"\r\n",
            b"\n\n",
            b"\r\n\r\n",
            b" ",
            b"\x00",
            b"<html>",
        ]
    ),
    max_size=12,
).map(b"".join)


def collected(pieces: list[bytes]) -> tuple[list[Any], bool]:
    """All records, those before a fault included, and whether the stream ended well."""
    reader = RecordReader()
    found: list[Any] = []
    try:
        for piece in pieces:
            for record in reader.feed(piece):
                found.append(record)  # noqa: PERF402 - `extend` would lose those before a fault
        for record in reader.finish():
            found.append(record)  # noqa: PERF402 - the same
    except MalformedReply:
        return found, False
    return found, True


@given(PIECES, DAMAGES, CUTS)
@example(b'data: {"a": 1}\r\n\r\n', [], [16])
@example(b"\xef\xbb\xbf" * 2, [], [3])
@searching(500)
def test_cuts_change_nothing(
    stream: bytes, damages: list[tuple[str, int, bytes]], cuts: list[int]
) -> None:
    """The same records and the same end, however the bytes arrive: whole, cut, byte by byte."""
    stream = damaged(stream, damages)
    whole = collected([stream])

    assert collected(reads(stream, cuts)) == whole
    assert collected([stream[at : at + 1] for at in range(len(stream))]) == whole
