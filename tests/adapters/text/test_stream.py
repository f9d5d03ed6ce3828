"""Streams of text containers beside the golden files: ends, faults, marks, counts."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import formats
from adapters.base import Json, Request, StreamDecoder
from adapters.errors import MalformedReply, ModelError
from tests.adapters.formats.golden_file import make_target

#: What is no text when it is all that a token is.
MARKS = {"<s>", "</s>", "<end_of_turn>"} | {
    f"<|{name}|>"
    for name in ("assistant", "system", "user", "im_start", "im_end", "endoftext", "eot_id")
}
#: Texts without them: at a text's end they are left out.
TEXTS = st.lists(
    st.text(min_size=1).filter(lambda text: not any(mark in text for mark in MARKS)),
    min_size=1,
    max_size=6,
)
HI = [{"role": "user", "content": "Hi"}]


def decoder(name: str = "huggingface", **params: Any) -> StreamDecoder:
    request = Request(
        target=make_target(),
        params={"messages": HI, "stream": True, **params},
        id="id-1",
        created=1,
    )
    codec = formats.load(name).chat
    assert codec is not None
    return codec.decoder(request, codec.encode(request)[0])


def lines(*records: Any) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def decode(stream: StreamDecoder, *records: Any) -> list[Json]:
    chunks = list(stream.feed(lines(*records)))
    return chunks + list(stream.finish())


def said(chunks: list[Json]) -> str:
    return "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]
    )


def token(text: str, **more: Any) -> Json:
    return {"token": {"id": 1, "text": text, **more}}


@given(TEXTS)
def test_every_text_survives_a_token_stream(texts: list[str]) -> None:
    """Spaces, line ends and foreign letters reach the client as the container sent them."""
    last = {"generated_text": "".join(texts), "details": {"finish_reason": "length"}}
    records = [token(text) for text in texts]
    chunks = decode(decoder(), *records[:-1], {**records[-1], **last})
    assert said(chunks) == "".join(texts)
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


@given(TEXTS, st.sampled_from(["outputs", "text"]))
def test_every_text_survives_a_stream_of_pieces(texts: list[str], name: str) -> None:
    """Pieces under a name are joined to exactly the container's text."""
    chunks = decode(decoder(), *({name: [text]} for text in texts))
    assert said(chunks) == "".join(texts)
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"


@pytest.mark.parametrize(
    "mark",
    [token("</s>", special=True), token("<|eot_id|>"), token("x", special_token=True)],
    ids=str,
)
def test_marks_are_no_text(mark: Json) -> None:
    """A special token is dropped; letters of a mark inside a word are not."""
    last = {**token(" </s>x"), "generated_text": "a"}
    assert said(decode(decoder(), token("a"), mark, last)) == "a </s>x"


@pytest.mark.parametrize(
    "record",
    [
        token("", error_msg="out of memory"),
        {
            "token": {"id": -1, "text": "", "log_prob": -1, "special_token": True},
            "generated_text": "",
            "details": {"finish_reason": "error", "generated_tokens": None, "inputs": None},
        },
        {"choices": [{"delta": {}, "finish_reason": "abort"}]},
    ],
)
def test_a_failed_generation_is_an_error_behind_its_chunks(record: Json) -> None:
    """LMI tells of its failure in a last record, with status 200: no clean end."""
    stream = decoder("lmi")
    chunks: list[Json] = []
    with pytest.raises(ModelError):
        chunks.extend(stream.feed(lines(token("a"), record)))
    assert said(chunks) == "a"


@pytest.mark.parametrize(
    "records",
    [
        [token("a")],
        [{"choices": [{"delta": {"content": "a"}}]}],
        [{"choices": [{"index": 0, "text": "a"}, {"index": 1, "text": "", "finish_reason": "s"}]}],
        [],
    ],
    ids=str,
)
def test_a_stream_without_its_end_is_an_error(records: list[Json]) -> None:
    """Whatever marks the end of such a stream must have come, for every choice."""
    with pytest.raises(MalformedReply):
        decode(decoder(), *records)


def test_openais_end_mark_ends_a_stream_of_choices() -> None:
    """A container that says [DONE] is done, with or without a finish reason."""
    stream = decoder()
    data = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: [DONE]\n\n'
    chunks = [*stream.feed(data), *stream.finish()]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_an_end_mark_before_anything_is_no_end() -> None:
    """An empty stream is an error also when it says that it is done."""
    stream = decoder()
    with pytest.raises(MalformedReply):
        _ = [*stream.feed(b"data: [DONE]\n\n"), *stream.finish()]


def test_what_follows_the_end_is_ignored() -> None:
    """Some containers go on talking behind their last record."""
    chunks = decode(decoder(), {**token("a"), "generated_text": "a"}, token("b"), {"x": 1})
    assert said(chunks) == "a"


def test_a_text_behind_a_finish_reason_is_not_lost() -> None:
    """It is a part of the answer; the finish reason still comes last, and once."""
    ended = {"choices": [{"delta": {"content": "a"}, "finish_reason": "length"}]}
    later = {"choices": [{"delta": {"content": "b"}}]}
    chunks = decode(decoder(), ended, later)
    assert said(chunks) == "ab"
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert reasons == [None] * (len(reasons) - 1) + ["length"]


def test_a_whole_answer_inside_a_stream_is_unknown() -> None:
    """A list is a whole answer: it can't follow pieces."""
    with pytest.raises(MalformedReply):
        decode(decoder(), token("a"), [{"generated_text": "a"}])


def test_an_echo_is_removed_from_a_stream_of_pieces() -> None:
    """A container that echoes does so in its first piece."""
    asked = [{"role": "user", "content": "What is the capital?"}]
    chunks = decode(decoder(messages=asked), {"text": "What is the capital? Paris"}, {"text": "."})
    assert said(chunks) == " Paris."


def test_counts_come_from_records_where_nothing_better_is_there() -> None:
    """Tokens that came one by one are counted, and `length` is claimed from that count.

    As usage they count beside an exact count of the prompt only: with an estimate of it they would
    tell another sum than the whole answer, which has no records.
    """
    stream = decoder(max_tokens=2)
    last = {**token("b"), "generated_text": "ab"}
    chunks = decode(stream, token("a"), last)
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    expected = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "estimated": True}
    assert (stream.summary.usage, stream.summary.usage_source) == (expected, "estimate")

    stream = decoder()
    decode(stream, token("a"), {**last, "details": {"input_length": 5}})
    expected = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    assert (stream.summary.usage, stream.summary.usage_source) == (expected, "counted")


def test_a_piece_claims_no_length() -> None:
    """An estimate is no count: `length` is never claimed from it."""
    chunks = decode(decoder(max_tokens=1), {"text": "a b c d e f g"})
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_word_that_nobody_knows_is_kept() -> None:
    """An unknown finish reason is `stop`, and stands beside it as the container said it."""
    last = {**token("a"), "generated_text": "a", "details": {"finish_reason": "bored"}}
    choice = decode(decoder(), last)[-1]["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["container_finish_reason"] == "bored"


def test_a_stop_text_is_no_part_of_the_answer() -> None:
    """Containers differ: some give the stop text, some know none; a client never gets it."""
    last = {"generated_text": "a b END", "details": {"finish_reason": "stop_sequence"}}
    chunks = decode(decoder("tgi", stop="END"), token("a b"), token(" E"), {**token("ND"), **last})
    assert said(chunks) == "a b "
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    kept = decoder("tgi", stop="END", include_stop_str_in_output=True)
    assert said(decode(kept, {**token("a END"), **last})) == "a END"


def test_log_probabilities_wait_for_their_text() -> None:
    """A token that may begin a stop text is told with its text, and not at all if it was one."""
    stream = decoder("tgi", stop="END", logprobs=True)
    records = [token(text, logprob=-1.0) for text in ("a", " E", "at", "EN", "D")]
    chunks = decode(stream, *records[:-1], {**records[-1], "generated_text": "x"})
    told = [
        [entry["token"] for entry in choice["logprobs"]["content"]]
        for chunk in chunks
        for choice in chunk["choices"]
        if choice.get("logprobs")
    ]
    assert said(chunks) == "a Eat"
    assert [token for tokens in told for token in tokens] == ["a", " E", "at"]


def test_the_shape_is_noted() -> None:
    """What a stream is made of is known from its first record on."""
    stream = decoder()
    list(stream.feed(lines({"outputs": ["a"]})))
    assert stream.summary.shape == "outputs[]"


@pytest.mark.parametrize(
    "choice",
    [
        {"content": "Hi", "finish_reason": "stop"},
        {"delta": {"tool_calls": [{"id": "x"}]}, "finish_reason": "tool_calls"},
        {"delta": {"content": None, "tool_calls": [{"id": "x"}]}},
        {"delta": {"content": 5}},
        {"text": None},
    ],
    ids=str,
)
def test_a_choice_of_an_unknown_shape_is_no_empty_text(choice: Json) -> None:
    """Content where nobody looks for it, or a tool's call, is never an answer without words."""
    with pytest.raises(MalformedReply):
        decode(decoder(), {"choices": [choice]})


@pytest.mark.parametrize("behind", [[{"generated_text": "lo"}], {"text": "lo"}], ids=str)
def test_nothing_may_follow_a_whole_answer(behind: Any) -> None:
    """A record behind a whole answer shows that it was none."""
    with pytest.raises(MalformedReply):
        decode(decoder(), [{"generated_text": "Hel"}], behind)


def test_an_error_beside_choices_is_an_error() -> None:
    """A failure is told wherever it stands."""
    for record in ({"choices": [], "error": "x"}, {"choices": [{"text": "a"}], "error": "x"}):
        with pytest.raises(ModelError):
            decode(decoder(), record)


@pytest.mark.parametrize("counts", [{}, {"completion_tokens": None}, {"completion_tokens": "1"}])
def test_a_usage_record_without_counts_is_none(counts: Json) -> None:
    """What counts nothing does not pass for the container's word."""
    stream = decoder()
    decode(stream, {"choices": [{"text": "abcd", "finish_reason": "stop"}], "usage": counts})
    assert stream.summary.usage_source == "estimate"
