"""Embeddings on OpenAI's side: inputs, batches, encodings and counts."""

from __future__ import annotations

import base64
from array import array
from typing import Any

import pytest

from adapters.base import Request
from adapters.errors import InvalidRequest, MalformedReply
from adapters.openai import embeddings, vectors
from tests.adapters.formats.golden_file import make_reply, make_target


def ask(**params: Any) -> Request:
    return Request(target=make_target(), params=params, id="embd-1", created=1)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        ([1, 2], [[1, 2]]),
        ([[1], [2]], [[1], [2]]),
    ],
)
def test_inputs_are_one_element_for_each_embedding(given: Any, wanted: Any) -> None:
    """A text or a list of token ids is one input; a list of either is several."""
    assert embeddings.inputs({"input": given}) == wanted


def test_texts_refuse_token_ids() -> None:
    """A container of texts never sees a token id."""
    assert embeddings.texts(ask(input=["a", "b"])) == ["a", "b"]
    with pytest.raises(InvalidRequest, match="public-model"):
        embeddings.texts(ask(input=[[1]]))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (None, (["a", "b", "c"],)),
        (1, (["a"], ["b"], ["c"])),
        (2, (["a", "b"], ["c"])),
        (3, (["a", "b", "c"],)),
        (4, (["a", "b", "c"],)),
    ],
)
def test_parts_are_full_but_for_the_last(size: int | None, wanted: Any) -> None:
    """A batch is cut at the container's limit, and only there."""
    assert embeddings.parts(ask(input="a"), ["a", "b", "c"], size) == wanted


def test_base64_is_that_of_openais_servers() -> None:
    """Packed rows read as 32-bit floats, the way that OpenAI's SDK reads them."""
    row = [0.1, -2.5, 3.0e-20, 7]
    packed = vectors.pack(row)
    numbers = array("f")
    numbers.frombytes(base64.b64decode(packed))
    assert numbers == array("f", row)
    assert vectors.pack(vectors.unpack(packed)) == packed


def test_both_encodings_carry_the_same_numbers() -> None:
    """The client's encoding changes the spelling only."""
    rows = [[0.5, -1.0], [2.0, 0.25]]
    plain = embeddings.answer(ask(input=["a", "b"], encoding_format="float"), rows, 3, "[][]").body
    packed = embeddings.answer(
        ask(input=["a", "b"], encoding_format="base64"), rows, 3, "[][]"
    ).body
    assert [item["embedding"] for item in plain["data"]] == rows
    assert [vectors.unpack(item["embedding"]) for item in packed["data"]] == rows
    assert plain["usage"] == packed["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


@pytest.mark.parametrize(
    ("given", "tokens", "source", "count"),
    [
        ("abcdefgh", 0, "container", 0),
        ("abcdefgh", None, "estimate", 2),
        ([1, 2, 3], None, "counted", 3),
    ],
)
def test_usage_says_where_it_comes_from(
    given: Any, tokens: int | None, source: str, count: int
) -> None:
    """The container's count wins, even 0; token ids are counted; texts are estimated."""
    answer = embeddings.answer(ask(input=given), [[1.0]], tokens, "[][]")
    assert (answer.usage_source, answer.body["usage"]["prompt_tokens"]) == (source, count)
    assert ("estimated" in answer.body["usage"]) == (source == "estimate")


@pytest.mark.parametrize(
    ("record", "tokens"),
    [
        ({"prompt_tokens": 3, "total_tokens": 4}, 3),
        ({"total_tokens": 4}, 4),
        ({"prompt_tokens": None, "total_tokens": 4}, 4),
        ({"prompt_tokens": -1}, None),
        ({"prompt_tokens": "3"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_only_a_count_is_a_count(record: Any, tokens: int | None) -> None:
    """A usage record without a whole number of tokens is as good as none."""
    assert embeddings.reported_tokens({"usage": record}) == tokens


def test_joined_rows_have_one_length() -> None:
    """Calls that were answered by different models do not pass for one answer."""
    replies = (make_reply([[1.0]]), make_reply([[1.0, 2.0]]))
    with pytest.raises(MalformedReply, match="different lengths"):
        embeddings.join(ask(input=["a", "b"]), [["a"], ["b"]], replies)


@pytest.mark.parametrize("text", ["AADAfw==", "AACAfw==", "AAAA", "%%%%", "é"])
def test_what_is_no_vector_is_not_unpacked(text: str) -> None:
    """NaN, infinity, torn floats and what is no base64 never become numbers."""
    with pytest.raises(ValueError, match=r".+"):
        vectors.unpack(text)
