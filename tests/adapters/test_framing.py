"""Framing: records out of bytes that are cut anywhere."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import framing
from adapters.errors import MalformedReply
from adapters.framing import DONE, RecordReader

SSE = (
    b"\xef\xbb\xbf: hello\r\n\r\nevent: x\r\nid: 7\r\nretry: 3\r\n"
    b'data: {"a": "\xc3\xa9\xe2\x82\xac"}\r\n\r\n'
    b'data:{"b":\ndata: [1, 2]}\n\n'
    b': ping\n\ndata: {"c": 1}\rdata: {"d": 2}\r\r'
    b'{"error": "bare"}\n'
    b"data:\n\ndata: [DONE]\n\n"
)
SSE_RECORDS: list[Any] = [
    {"a": "é€"},
    {"b": [1, 2]},
    {"c": 1},
    {"d": 2},
    {"error": "bare"},
    DONE,
]
LINES = (
    b'{"a": "x}\\"{\\\\"}\n\n{"b": [1, {"c": "]"}]}\r\n'
    b'{"d":\n 1}{"e": "\xc3\xa9"}[{"f": 2}],{"g": 3}'
)
LINES_RECORDS: list[Any] = [
    {"a": 'x}"{\\'},
    {"b": [1, {"c": "]"}]},
    {"d": 1},
    {"e": "é"},
    [{"f": 2}],
    {"g": 3},
]


def read(*parts: bytes) -> list[Any]:
    """Feed the parts one by one, then end the stream."""
    reader = RecordReader()
    records = [record for part in parts for record in reader.feed(part)]
    return records + list(reader.finish())


@pytest.mark.parametrize(("stream", "records"), [(SSE, SSE_RECORDS), (LINES, LINES_RECORDS)])
def test_a_cut_at_any_byte_changes_nothing(stream: bytes, records: list[Any]) -> None:
    """The records are the same wherever the stream is cut in two, and also byte by byte."""
    assert read(stream) == records
    for cut in range(len(stream) + 1):
        assert read(stream[:cut], b"", stream[cut:]) == records
    assert read(*(stream[i : i + 1] for i in range(len(stream)))) == records


@given(
    values=st.lists(
        st.dictionaries(st.text(), st.text() | st.integers(-9, 9) | st.lists(st.text())),
        min_size=1,
    ),
    cuts=st.lists(st.integers(0, 400)),
    form=st.sampled_from(["sse", "sse-tight", "lines", "glued", "indented"]),
)
def test_any_values_survive_any_cuts(
    values: list[dict[str, Any]], cuts: list[int], form: str
) -> None:
    """Whatever the values, the framing and the cuts, each value comes out once, in order."""
    texts = [orjson.dumps(value) for value in values]
    stream = {
        "sse": b"".join(b"data: " + text + b"\n\n" for text in texts),
        "sse-tight": b"".join(b"data:" + text + b"\n" for text in texts),
        "lines": b"\n".join(texts),
        "glued": b"".join(texts),
        "indented": b"\n".join(orjson.dumps(value, option=orjson.OPT_INDENT_2) for value in values),
    }[form]
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    assert read(*(stream[a:b] for a, b in pairwise(edges))) == values


@pytest.mark.parametrize(
    "first", [b"data: {}\n", b'{"a": 1}', b'{"a": 1}\n', b'data: {"a": 1}\ndata: {"b"']
)
def test_a_record_comes_out_as_soon_as_it_is_complete(first: bytes) -> None:
    """No record waits for the next one, for a blank line, or for a full buffer."""
    assert len(list(RecordReader().feed(first))) == 1


@pytest.mark.parametrize(
    "stream",
    [
        b"<html>busy</html>",
        b"hello",
        b"dat",
        b"data: nonsense\n\n",
        b'data: {"a": 1',
        b'{"a": 1',
        b'{"a": 1} trailing',
        b'{"a": 1}\nnonsense {}',
        b"}",
        b'{"a": "\\',
        b'{"a": nope}',
    ],
)
def test_what_is_no_record_is_refused(stream: bytes) -> None:
    """Bytes that are neither framing, or end inside a record, are an error and never silence."""
    with pytest.raises(MalformedReply):
        read(stream)


@pytest.mark.parametrize("form", ["{}" * 200_000, "{}" * 200_000 + "\n", "{}{}\n" * 100_000])
def test_glued_records_cost_linear_time(form: str) -> None:
    """Many records in one read are found without searching the rest for each of them."""
    records = read(form.encode())
    assert len(records) == form.count("{")


def test_white_space_before_the_first_record_is_not_kept() -> None:
    """However long a container says nothing, nothing of it is held."""
    reader = RecordReader()
    for _ in range(1000):
        assert list(reader.feed(b" " * 1000)) == []
    assert len(reader._start) <= 1  # noqa: SLF001 - what must stay small
    assert list(reader.feed(b'{"a": 1}')) == [{"a": 1}]


@pytest.mark.parametrize("stream", [b'data: {"a": 1}\n\ndata: x\n\n', b'{"a": 1}\n}'])
def test_records_before_a_fault_are_not_lost(stream: bytes) -> None:
    """What came whole before the fault, even in the same read, is given before the error."""
    records = RecordReader().feed(stream)
    assert next(records) == {"a": 1}
    with pytest.raises(MalformedReply):
        next(records)


def test_an_empty_stream_has_no_records() -> None:
    """Nothing at all, or only white space, gives no record and no error: that is for the format."""
    assert read() == []
    assert read(b"", b" \n", b"\n") == []


@pytest.mark.parametrize("start", [b"data: ", b'{"a": "', b"data: x\ndata: y"])
def test_a_record_without_end_is_refused_at_its_limit(start: bytes) -> None:
    """A record may not grow beyond the stated size, whatever the framing."""
    reader = RecordReader()
    list(reader.feed(start))
    block = b"x" * (framing.MAX_RECORD_BYTES // 4)
    for _ in range(3):
        list(reader.feed(block))
    with pytest.raises(MalformedReply, match="too large"):
        list(reader.feed(block))
