"""Chunks that are made without parsing all of them: the same as those that are parsed."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import StreamDecoder
from adapters.openai.events import EventWriter
from adapters.passthrough.envelope import Envelope
from tests.adapters.passthrough.ask import CHAT, codec, request

HEAD = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "org/model"}
TEXTS = ["a", "", " word", "é", '"', "\\", "\n", "choices", '"content":"', "sagegate:text"]


def chunk(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**HEAD, "choices": list(choices), **more}


def said(text: Any, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": {"content": text}, "finish_reason": None}
    return {**choice, **more}


TEXT = st.one_of(st.sampled_from(TEXTS), st.text(max_size=4))
CHUNK = st.one_of(
    st.builds(said, TEXT).map(chunk),
    st.builds(said, TEXT, st.integers(0, 1)).map(chunk),
    st.builds(said, st.sampled_from([None, 1, ["x"], [{"type": "text", "text": "x"}]])).map(chunk),
    st.builds(said, TEXT, logprobs=st.sampled_from([None, [], {"content": []}])).map(chunk),
    st.builds(said, TEXT, finish_reason=st.sampled_from(["stop", "error", "", "odd"])).map(chunk),
    st.builds(said, TEXT, stop_reason=TEXT).map(chunk),
    TEXT.map(lambda text: chunk(said("a"), said(text, 1))),
    TEXT.map(lambda text: chunk(said(text), usage={"completion_tokens": 1})),
    TEXT.map(lambda text: chunk(said(text), usage=None)),
    TEXT.map(lambda text: chunk({"index": 0, "delta": {"role": "assistant", "content": text}})),
    TEXT.map(lambda text: chunk({"index": 0, "delta": {"reasoning": text, "content": ""}})),
    TEXT.map(lambda text: chunk({"index": 0, "delta": {"tool_calls": [{"index": 0, "id": text}]}})),
    st.sampled_from(
        [
            chunk(),
            chunk(usage={"completion_tokens": 3}),
            {"error": {"message": "over"}},
            chunk({"index": 0, "delta": {}, "finish_reason": "length"}),
            None,
            chunk({"index": 0, "message": {"role": "assistant", "content": "whole"}}),
        ]
    ),
)
WRITERS = [orjson.dumps, lambda record: json.dumps(record).encode()]


def decoder_for(params: dict[str, Any]) -> StreamDecoder:
    asked = request({**CHAT, "stream": True, **params})
    used = codec("openai", "chat")
    return used.decoder(asked, used.encode(asked)[0])


def decoded(
    lines: list[bytes], cut: int, params: dict[str, Any], *, writes: bool = False
) -> tuple[list[bytes], Any, Any]:
    """Give what comes of a stream that is cut in two: chunks, summary, error."""
    data = b"".join(b"data: %b\n\n" % line for line in lines)
    return decoded_parts([data[:cut], data[cut:]], params, writes=writes)


def decoded_parts(
    parts: list[bytes], params: dict[str, Any], *, writes: bool
) -> tuple[list[bytes], Any, Any]:
    decoder = decoder_for(params)
    assert isinstance(decoder, EventWriter)
    chunks: list[bytes] = []
    try:
        for part in parts:
            written = decoder.write(part) if writes else None
            if written is not None:
                chunks += written.removeprefix(b"data: ").removesuffix(b"\n\n").split(b"\n\ndata: ")
            else:
                chunks.extend(map(orjson.dumps, decoder.feed(part)))
        chunks.extend(map(orjson.dumps, decoder.finish()))
    except Exception as error:  # noqa: BLE001 - a stream turns the other kinds into one of ours
        return chunks, decoder.summary, (type(error), str(error))
    return chunks, decoder.summary, None


def apart(lines: list[bytes]) -> list[bytes]:
    """Write each record in bytes that no other has: it must be parsed as a whole."""
    return [
        line[:1] + b" " * number + line[1:] if line[:1] == b"{" else line
        for number, line in enumerate(lines)
    ]


@settings(max_examples=300)
@given(
    st.lists(CHUNK, max_size=8),
    st.sampled_from(WRITERS),
    st.integers(0, 400),
    st.sampled_from(
        [
            {},
            {"stream_options": {"include_usage": True}},
            {"stream_options": {"include_usage": True, "continuous_usage_stats": True}},
        ]
    ),
)
def test_all_streams(records: list[Any], write: Any, cut: int, params: dict[str, Any]) -> None:
    """Whatever a stream is made of, it is what it would be were each record parsed and edited."""
    lines = [*map(write, records), b"[DONE]"]
    alone = decoded(apart(lines), cut, params)
    for writes in (False, True):
        together = decoded(lines, cut, params, writes=writes)
        assert together[0] == alone[0]
        assert repr(together[1:]) == repr(alone[1:])


#: What may stand between two events, or cut one in two.
ENDS = [b"\n\n", b"\n", b"\r\n\r\n", b"\n\n\n", b"\n\n: ping\n\n", b"\ndata: \n\n", b" \n\n"]


@settings(max_examples=300)
@given(
    st.lists(st.tuples(CHUNK, st.sampled_from(ENDS)), max_size=8),
    st.sampled_from(WRITERS),
    st.lists(st.integers(0, 1200), max_size=6),
)
def test_all_events(records: list[tuple[Any, bytes]], write: Any, cuts: list[int]) -> None:
    """However events end and are cut, they are written as their chunks would be."""
    plain = [chunk(said(text)) for text in "ab"]  # from which an envelope can be learnt
    events = [(record, ENDS[0]) for record in plain] + records
    data = b"".join(b"data: %b%b" % (write(record), end) for record, end in events)
    data += b"data: [DONE]\n\n"
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[start:end] for start, end in pairwise(edges)]
    one_by_one = data.splitlines(keepends=True)
    expected = decoded_parts(parts, {}, writes=False)
    for written in (decoded_parts(each, {}, writes=True) for each in (parts, one_by_one)):
        assert written[0] == expected[0]
        assert repr(written[1:]) == repr(expected[1:])


@pytest.mark.parametrize("write", WRITERS)
def test_cut_anywhere(write: Any) -> None:
    """However an ordinary stream is cut, it is the same."""
    records = [chunk(said(text)) for text in TEXTS] + [chunk(said("", finish_reason="stop"))]
    lines = [*map(write, records), b"[DONE]"]
    expected = decoded(apart(lines), 0, {})
    for cut in range(sum(map(len, lines)) + 10 * len(lines)):
        for writes in (False, True):
            assert repr(decoded(lines, cut, {}, writes=writes)) == repr(expected)


@pytest.mark.parametrize("text", ["a", ""])
def test_the_same_text_elsewhere(text: str) -> None:
    """A text that another field has as well is known by its place."""
    records = [chunk(said("first"))]
    records += [chunk(said(text, stop_reason=reason)) for reason in (text, "b", "c")]
    records.append(chunk(said("", finish_reason="stop")))
    lines = [*map(orjson.dumps, records), b"[DONE]"]
    assert repr(decoded(lines, 0, {})) == repr(decoded(apart(lines), 0, {}))


def test_most_records_are_not_parsed_as_a_whole() -> None:
    """From the third chunk of a choice on its text alone is: what was learnt is made use of."""
    envelope = Envelope()
    records = [chunk(said(text, logprobs=None)) for text in "abc"]
    lines = [*map(orjson.dumps, records)]
    assert envelope.parse(lines[0]) == records[0]
    assert envelope.edited is None
    envelope.learn(envelope.take(), records[0])
    assert [envelope.parse(line) for line in lines[1:]] == records[1:]
    assert envelope.edited == records[2]


@pytest.mark.parametrize(
    "damaged",
    [
        b'"a","role":"x"',
        b'"a',
        b'"\\u12"',
        b'"\xff"',
        b'"\\ud800"',
        b"1",
        b'"a"}},{"delta":{"content":"b"',
    ],
)
def test_what_is_no_text(damaged: bytes) -> None:
    """Bytes in a text's place that are no text are read as what they are."""
    front, back = orjson.dumps(chunk(said("TEXT"))).split(b'"TEXT"')
    lines = [front + literal + back for literal in (b'"a"', b'"b"', damaged, b'"c"')]
    end = orjson.dumps(chunk(said("", finish_reason="stop")))
    lines += [end, b"[DONE]"]
    expected = decoded(apart(lines), 0, {})
    assert repr(decoded(lines, 0, {})) == repr(expected)
    parts = [b"data: %b\n\n" % line for line in lines]
    assert repr(decoded_parts(parts, {}, writes=True)) == repr(expected)


def test_most_reads_are_written_without_a_chunk() -> None:
    """From the third chunk of a choice on, a read of nothing but texts is: it is no mere wish."""
    decoder = decoder_for({})
    assert isinstance(decoder, EventWriter)
    first, second, *rest = [b"data: %b\n\n" % orjson.dumps(chunk(said(text))) for text in "abcd"]
    assert len(list(decoder.feed(first))) == 1
    assert decoder.write(second) is None
    assert len(list(decoder.feed(second))) == 1
    written = decoder.write(b"".join(rest))
    assert written is not None
    assert [json.loads(line[6:]) for line in written.split(b"\n\n")[:-1]] == [
        {**chunk(said(text)), "model": "public-model"} for text in "cd"
    ]


def test_a_chunk_is_its_readers() -> None:
    """Who changes a chunk changes no other."""
    decoder = decoder_for({})
    lines = [orjson.dumps(chunk(said(text))) for text in "abcd"]
    seen = []
    for each in decoder.feed(b"".join(b"data: %b\n\n" % line for line in lines)):
        seen.append(orjson.dumps(each))
        each["choices"][0]["delta"].clear()
        each["choices"][0].clear()
        each.clear()
    assert len(seen) == len(lines)
    for before, after in pairwise(seen[1:]):
        assert len(before) == len(after)
