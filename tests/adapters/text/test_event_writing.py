"""Events that are written from tokens' records: the same as those of the chunks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import Request, StreamDecoder, Task
from adapters.formats import load
from adapters.openai import events
from adapters.openai.events import EventWriter
from tests.adapters.formats.golden_file import make_target

TEXT = st.one_of(st.sampled_from(["a", " b", "é", '"', "\\", "\n", "</s>", "a</s>", ""]), st.text())
ODD = st.sampled_from(
    [
        {"special": True},
        {"special_token": True},
        {"error_msg": "over"},
        {"text": 1},
        {"logprob": None},
        {"x": [[1]]},
    ]
)
RECORD = st.one_of(
    TEXT.map(lambda text: {"token": {"text": text}}),
    TEXT.map(lambda text: {"index": 1, "token": {"text": text}, "details": None}),
    st.builds(lambda text, odd: {"token": {"text": text, **odd}}, TEXT, ODD),
    TEXT.map(lambda text: {"token": {"text": text}, "generated_text": text}),
    TEXT.map(lambda text: {"token": {"text": text}, "details": {"generated_tokens": 3}}),
    st.sampled_from([{"error": "over"}, {"outputs": ["x"]}, [], None, {"x": 1}]),
    TEXT.map(lambda text: {"choices": [{"index": 0, "delta": {"content": text}}]}),
)
ENDS = [b"\n\n", b"\n", b"\r\n\r\n", b"\n\n: ping\n\n", b"\ndata:\n\n"]
FIRST = {"token": {"text": "first"}}


def decoder_for(task: Task, params: dict[str, Any]) -> StreamDecoder:
    said = {"messages": [{"role": "user", "content": "Hi"}]} if task == "chat" else {"prompt": "Hi"}
    asked = Request(
        target=make_target(), params={"stream": True, **said, **params}, id="x", created=1
    )
    codec = getattr(load("tgi"), task)
    decoder: StreamDecoder = codec.decoder(asked, codec.encode(asked)[0])
    return decoder


def decoded(decoder: StreamDecoder, parts: list[bytes], *, writes: bool) -> tuple[bytes, Any, Any]:
    """Give what comes of a stream: its events, its summary, its error."""
    assert isinstance(decoder, EventWriter)
    written = b""
    try:
        for part in parts:
            given = decoder.write(part) if writes else None
            if given is None:
                given = b"".join(events.write([chunk]) for chunk in decoder.feed(part))
            written += given
        written += b"".join(events.write([chunk]) for chunk in decoder.finish())
    except Exception as error:  # noqa: BLE001 - a stream turns the other kinds into one of ours
        return written, decoder.summary, (type(error), str(error))
    return written, decoder.summary, None


@settings(max_examples=300)
@given(
    st.lists(st.tuples(RECORD, st.sampled_from(ENDS)), max_size=8),
    st.lists(st.integers(0, 900), max_size=6),
    st.sampled_from(["chat", "completion"]),
    st.sampled_from(
        [{}, {"stream_options": {"include_usage": True}}, {"stop": "b"}, {"logprobs": True}]
    ),
)
def test_all_streams(
    records: list[tuple[Any, bytes]], cuts: list[int], task: Task, params: dict[str, Any]
) -> None:
    """Whatever a stream is made of and however it is cut, its events are those of its chunks."""
    if task == "completion" and "logprobs" in params:
        params = {"logprobs": 1}
    data = b"".join(
        b"data:%b%b" % (orjson.dumps(record), end) for record, end in [(FIRST, ENDS[0]), *records]
    )
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[start:end] for start, end in pairwise(edges)]
    expected = decoded(decoder_for(task, params), parts, writes=False)
    written = decoded(decoder_for(task, params), parts, writes=True)
    assert written[0] == expected[0]
    assert repr(written[1:]) == repr(expected[1:])


@pytest.mark.parametrize("task", ["chat", "completion"])
def test_tokens_are_written_without_a_chunk(task: Task) -> None:
    """From the second token on, a read of nothing but tokens is: it is no mere wish."""
    decoder = decoder_for(task, {})
    assert isinstance(decoder, EventWriter)
    first, *rest = [
        b"data:%b\n\n" % orjson.dumps({"token": {"text": text}}) for text in ["a", " b", "\n"]
    ]
    assert decoder.write(first) is None
    assert list(decoder.feed(first))
    assert decoder.write(b"") is None
    written = decoder.write(b"".join(rest))
    assert written is not None
    assert written.count(b"data: ") == len(rest)


def test_a_model_that_is_called_like_the_mark() -> None:
    """Where the place of the text can't be told, chunks are made as ever."""
    asked = Request(
        target=replace(make_target(), model="sagegate:text"),
        params={"messages": [{"role": "user", "content": "Hi"}], "stream": True},
        id="x",
        created=1,
    )
    codec = load("tgi").chat
    assert codec is not None
    decoder = codec.decoder(asked, codec.encode(asked)[0])
    data = b"data:%b\n\n" % orjson.dumps(FIRST)
    expected = decoded(codec.decoder(asked, codec.encode(asked)[0]), [data] * 3, writes=False)
    assert repr(decoded(decoder, [data] * 3, writes=True)) == repr(expected)
