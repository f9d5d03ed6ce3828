"""A request's faults, told in OpenAI's words."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from adapters.errors import InvalidRequest
from adapters.openai.chat import ChatRequest
from adapters.openai.completions import CompletionRequest
from adapters.openai.embeddings import EmbeddingRequest
from adapters.openai.validation import validate

HELLO = [{"role": "user", "content": "Hi"}]


def fault_of(schema: Any, **body: Any) -> tuple[str | None, str | None, str]:
    with pytest.raises(InvalidRequest) as caught:
        validate(schema, {"model": "m", **body})
    return caught.value.param, caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("body", "param", "code", "words"),
    [
        ({}, "messages", "missing_required_parameter", "Missing required parameter: 'messages'."),
        ({"messages": []}, "messages", "invalid_value", "at least 1 item"),
        ({"messages": "x"}, "messages", "invalid_type", "an array, but got a string"),
        (
            {"messages": [{"content": "x"}]},
            "messages[0].role",
            "missing_required_parameter",
            "role",
        ),
        ({"messages": [None]}, "messages[0]", "invalid_type", "an object, but got null"),
        (
            {"messages": [{"role": "user", "content": 3}]},
            "messages[0].content",
            "invalid_type",
            "a string or an array, but got an integer",
        ),
        (
            {"messages": [*HELLO, {"role": "user", "content": ["x"]}]},
            "messages[1].content[0]",
            "invalid_type",
            "an object, but got a string",
        ),
        ({"messages": HELLO, "temperature": "hot"}, "temperature", "invalid_type", "a number"),
        ({"messages": HELLO, "stream": "yes"}, "stream", "invalid_type", "a boolean"),
        (
            {"messages": HELLO, "stream_options": {"include_usage": "x"}},
            "stream_options.include_usage",
            "invalid_type",
            "a boolean",
        ),
        ({"messages": HELLO, "stop": 3}, "stop", "invalid_type", "a string or an array"),
        ({"messages": HELLO, "n": 0}, "n", "invalid_value", "at least 1"),
        ({"messages": HELLO, "n": 100_000}, "n", "invalid_value", "at most 128"),
        ({"messages": HELLO, "seed": 2**63}, "seed", "invalid_value", "less than"),
        ({"messages": HELLO, "n": True}, "n", "invalid_type", "an integer, but got a boolean"),
        ({"messages": HELLO, "max_tokens": 10**12}, "max_tokens", "invalid_value", "at most"),
        ({"messages": HELLO, "top_logprobs": 10**9}, "top_logprobs", "invalid_value", "at most 20"),
        ({"messages": HELLO, "tools": {}}, "tools", "invalid_type", "an array, but got an object"),
        ({"messages": HELLO, "model": 7}, "model", "invalid_type", "a string, but got an integer"),
    ],
)
def test_chat_faults_name_the_parameter(
    body: dict[str, Any], param: str, code: str, words: str
) -> None:
    """Each fault of a chat request names its place, its kind and what was expected."""
    found = fault_of(ChatRequest, **body)
    assert found[:2] == (param, code)
    assert words in found[2]
    assert "pydantic" not in found[2].lower()


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (ChatRequest, {"messages": [1] * 300_000}),
        (ChatRequest, {"messages": [{"role": "user", "content": [1] * 300_000}]}),
        (ChatRequest, {"messages": HELLO, "tools": [1] * 300_000}),
        (ChatRequest, {"messages": HELLO, "stop": [1] * 300_000}),
        (EmbeddingRequest, {"input": ["x"] * 300_000}),
        (EmbeddingRequest, {"input": [[None]] * 300_000}),
    ],
)
def test_faults_of_a_million_items_cost_no_more_than_one(schema: Any, body: dict[str, Any]) -> None:
    """Only the first fault is looked for: memory does not grow with the number of faults."""
    tracemalloc.start()
    fault_of(schema, **body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": [[]]}, "input[0]"),
        ({"input": 3}, "input"),
        ({"input": ""}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": ["a", None]}, "input[1]"),
        ({"input": ["x"] * 2049}, "input"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "x", "dimensions": 0}, "dimensions"),
    ],
)
def test_embedding_faults_name_the_parameter(body: dict[str, Any], param: str) -> None:
    """Each fault of an embedding request names its place."""
    assert fault_of(EmbeddingRequest, **body)[0] == param


@pytest.mark.parametrize(
    "body",
    [
        {"messages": HELLO, "temperature": 0, "stop": ["a"], "unknown": {"x": 1}},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{}]}]},
        {"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}], "max_tokens": None},
    ],
)
def test_right_requests_pass_unchanged(body: dict[str, Any]) -> None:
    """Validation copies and converts nothing: the request stays the client's."""
    request = {"model": "m", **body}
    before = repr(request)
    validate(ChatRequest, request)
    assert repr(request) == before


@pytest.mark.parametrize("schema", [ChatRequest, CompletionRequest])
@pytest.mark.parametrize("stop", ["x" * 257, ["x"] * 65, ["x" * 257]], ids=len)
def test_stop_texts_have_a_bound(schema: Any, stop: Any) -> None:
    """Each is looked for in every piece of an answer: too many, or too long, is a 400."""
    fault = fault_of(schema, messages=HELLO, prompt="x", stop=stop)
    assert (fault[0] or "").startswith("stop")
    assert fault[1] == "invalid_value"
    assert "at most" in fault[2]


@pytest.mark.parametrize("limit", ["abc", [], 1.5])
def test_chats_token_limit_is_checked_for_completions_too(limit: Any) -> None:
    """Clients send it there as well, and containers get it as a number."""
    fault = fault_of(CompletionRequest, prompt="x", max_completion_tokens=limit)
    assert fault[:2] == ("max_completion_tokens", "invalid_type")
