"""What a call gives back."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import orjson
import pytest

from adapters.sdk.results import Result

PLAIN: dict[str, Any] = {
    "id": "chatcmpl-1",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}],
            },
            "logprobs": {"content": [{"top_logprobs": [{"token": "a"}]}]},
        }
    ],
    "usage": {"total_tokens": 3},
}


def test_every_level_reads_both_ways() -> None:
    """Objects in lists in objects: attributes and keys give the same."""
    result = Result(PLAIN)
    call = result.choices[0].message.tool_calls[0]
    assert (
        call.function.name == result["choices"][0]["message"]["tool_calls"][0]["function"]["name"]
    )
    assert result.choices[0].logprobs.content[0].top_logprobs[0].token == "a"
    assert result.usage.total_tokens == 3
    assert result == PLAIN
    assert repr(result) == repr(PLAIN)


def test_an_optional_field_is_none_and_a_slip_is_an_error() -> None:
    """What OpenAI may leave out reads as None; a name that OpenAI does not know does not."""
    delta = Result({"delta": {}}).delta
    assert (delta.content, delta.tool_calls, delta.role) == (None, None, None)
    with pytest.raises(AttributeError, match="'delta'"):
        _ = Result({"delta": {}}).dleta
    with pytest.raises(AttributeError):
        delta.content = "x"


def test_vectors_stay_lists() -> None:
    """A list of numbers is the very list that came: embeddings are not copied."""
    row = [0.5] * 3
    assert Result({"data": [{"embedding": row}]}).data[0].embedding is row


def test_results_turn_into_plain_things() -> None:
    """Dicts and JSON, copies and pickles: the content is the same."""
    result = Result(PLAIN)
    dumped = result.model_dump()
    assert dumped == PLAIN
    assert type(dumped["choices"][0]) is dict
    assert orjson.loads(result.model_dump_json()) == PLAIN
    assert result.json() == result.model_dump_json()
    for twin in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):  # noqa: S301 - ours
        assert twin == PLAIN
        assert isinstance(twin.choices[0], Result)


def test_dumps_leave_nulls_out_as_openais_package_does() -> None:
    """`exclude_none` reaches every level; `exclude_unset` changes nothing."""
    result = Result({"a": None, "b": [{"c": None, "d": 1}, 2]})
    assert result.model_dump(exclude_none=True) == {"b": [{"d": 1}, 2]}
    assert result.model_dump(exclude_unset=True) == result
