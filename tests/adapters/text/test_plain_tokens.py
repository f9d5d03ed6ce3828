"""Tokens that only continue a text go a shorter way: to the same chunks."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.text.test_stream import decoder

TEXT = st.sampled_from(["a", " word", "", "é", "</s>", "end</s>", "<|im_end|>", "STOP", "\n"])
TOKEN = st.fixed_dictionaries(
    {"text": st.one_of(TEXT, st.sampled_from([None, 1]))},
    optional={
        "id": st.integers(0, 9),
        "special": st.booleans(),
        "special_token": st.booleans(),
        "logprob": st.just(-0.5),
        "error_msg": st.sampled_from([None, "", "out of memory"]),
    },
)
DETAILS = st.sampled_from([None, {}, {"finish_reason": "length", "generated_tokens": 3}])
RECORD = st.one_of(
    st.fixed_dictionaries({"token": TOKEN}, optional={"index": st.integers(0, 1)}),
    st.fixed_dictionaries(
        {"token": TOKEN, "details": DETAILS, "generated_text": st.sampled_from([None, "all", ""])}
    ),
    st.sampled_from(
        [
            {"token": None},
            {"outputs": ["a"]},
            {"generated_text": "whole"},
            {"error": "over", "error_type": "generation"},
            {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]},
            {"usage": {"completion_tokens": 2}, "token": {"text": "x"}},
            None,
        ]
    ),
)


def decoded(records: list[Any], form: str, params: dict[str, Any]) -> tuple[Any, ...]:
    """Give what comes of a stream: chunks, summary, error."""
    stream = decoder(form, **params)
    chunks: list[bytes] = []
    failure: Any = None
    try:
        for record in records:
            data = b"data:" + orjson.dumps(record) + b"\n\n"
            chunks.extend(map(orjson.dumps, stream.feed(data)))
        chunks.extend(map(orjson.dumps, stream.finish()))
    except Exception as error:  # noqa: BLE001 - a stream turns the other kinds into one of ours
        failure = type(error)
    return chunks, repr(stream.summary), failure


@settings(max_examples=300)
@given(
    st.lists(RECORD, max_size=7),
    st.sampled_from(
        [
            ("tgi", {}),
            ("huggingface", {}),
            ("llama2", {}),
            ("tgi", {"stop": ["STOP"]}),
            ("llama2", {"stop": ["STOP"]}),
            ("tgi", {"logprobs": True}),
            ("tgi", {"stream_options": {"include_usage": True}}),
        ]
    ),
)
def test_plain_tokens(records: list[Any], asked: tuple[str, dict[str, Any]]) -> None:
    """A token's record gives the same with a further key that says nothing, as none here has."""
    odd = [{**each, "x": 1} if isinstance(each, dict) else each for each in records]
    assert decoded(records, *asked) == decoded(odd, *asked)
