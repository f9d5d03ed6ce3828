"""Whole replies of text containers: every known shape, and none that is not one."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import GatewayError, MalformedReply, ModelError, Throttled
from adapters.text.generation import read


@pytest.mark.parametrize(
    ("reply", "shape"),
    [
        ({"generated_text": "a"}, "generated_text"),
        ([{"generated_text": "a"}], "[].generated_text"),
        ([[{"generated_text": "a"}]], "[][].generated_text"),
        ({"generated_text": ["a"]}, "generated_text[]"),
        ({"generated_texts": ["a"]}, "generated_texts[]"),
        ({"generation": "a"}, "generation"),
        ([{"generation": {"role": "assistant", "content": "a"}}], "[].generation"),
        ({"outputs": ["a"]}, "outputs[]"),
        ({"outputs": [{"text": "a"}]}, "outputs[]"),
        ({"outputs": "a"}, "outputs"),
        ({"text": "a"}, "text"),
        ({"text": ["a"]}, "text[]"),
        ({"output": "a"}, "output"),
        ({"completion": "a"}, "completion"),
        ({"response": "a"}, "response"),
        ({"predictions": ["a"]}, "predictions[]"),
        ({"choices": [{"message": {"content": "a"}}]}, "choices[].message"),
        ({"choices": [{"text": "a"}]}, "choices[].text"),
    ],
)
def test_every_known_shape_gives_its_text(reply: Any, shape: str) -> None:
    """Whatever a container calls its text, it is found, and the shape has a name."""
    reading = read(reply)
    assert [each.text for each in reading.generations] == ["a"]
    assert reading.shape == shape


@pytest.mark.parametrize(
    "reply",
    [
        [{"generated_text": "a"}, {"generated_text": "b"}],
        [[{"generated_text": "a"}], [{"generated_text": "b"}]],
        {"generated_texts": ["a", "b"]},
        {"choices": [{"text": "a"}, {"text": "b"}]},
    ],
)
def test_several_texts_are_several_generations(reply: Any) -> None:
    """No text of a reply is lost."""
    assert [each.text for each in read(reply).generations] == ["a", "b"]


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "a",
        7,
        [],
        {},
        [[]],
        ["a"],
        [{"generated_text": "a"}, "b"],
        {"generated_text": 7},
        {"generated_text": []},
        {"generated_texts": ["a", 7]},
        {"generation": {"role": "assistant", "content": None}},
        {"choices": []},
        {"choices": "a"},
        {"choices": ["a"]},
        {"choices": [{"message": {"content": None, "tool_calls": []}}]},
        [[[[{"generated_text": "too deep"}]]]],
    ],
    ids=repr,
)
def test_an_unknown_shape_is_never_an_empty_text(reply: Any) -> None:
    """What is not known is a 502, with the keys seen and never the contents."""
    with pytest.raises(MalformedReply) as caught:
        read(reply)
    assert "too deep" not in caught.value.message


@pytest.mark.parametrize(
    "reply",
    [
        {"generated_text": "", "details": {"finish_reason": "error", "generated_tokens": None}},
        [{"generated_text": "x", "details": {"finish reason": "abort"}}],
        {"generated_text": "x", "finish_reason": "error"},
        {"choices": [{"text": "x", "finish_reason": "abort"}]},
    ],
)
def test_a_failed_generation_is_an_error(reply: Any) -> None:
    """A container that fails with status 200, as LMI does, gives no answer."""
    with pytest.raises(ModelError) as caught:
        read(reply)
    assert caught.value.retryable


def test_an_error_in_a_list_is_an_error() -> None:
    """An error object is none of the shapes, wherever it stands."""
    with pytest.raises(GatewayError) as caught:
        read([{"error": "Model is overloaded", "error_type": "overloaded"}])
    assert isinstance(caught.value, Throttled)


def test_an_empty_text_is_a_text() -> None:
    """A model may well say nothing."""
    assert read({"generated_text": ""}).generations[0].text == ""


def test_a_finish_reason_beside_the_text_counts() -> None:
    """Containers without details may say it there."""
    assert read({"text": "a", "finish_reason": "length"}).generations[0].details.finish == "length"


def test_usage_is_taken_where_it_is_openais() -> None:
    """Only a record that has completion tokens is a usage record."""
    assert read({"text": "a", "usage": {"completion_tokens": 1}}).usage == {"completion_tokens": 1}
    assert read({"text": "a", "usage": {"tokens": 1}}).usage is None
    assert read({"text": "a", "usage": [1]}).usage is None


def test_alternatives_may_stand_in_the_token() -> None:
    """LMI puts the alternatives into the token itself."""
    token = {"text": "a", "log_prob": -1.0, "top_tokens": [{"text": "b", "log_prob": -2.0}, 7]}
    tokens = read({"generated_text": "a", "details": {"tokens": [token]}}).generations[0]
    assert [each.text for each in tokens.details.tokens[0].top] == ["b"]
