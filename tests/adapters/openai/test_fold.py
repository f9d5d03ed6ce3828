"""Chunks folded into a whole answer: what the plain call would have said."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Json
from adapters.openai import chat, completions
from adapters.openai.fold import Fold
from tests.openai_schema import assert_is_openais

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
HEAD = {"id": "c1", "created": 1, "model": "m", "system_fingerprint": "fp"}
CALL = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
OTHER = {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}}


def folded(*chunks: Json, usage: Json | None = USAGE) -> Json:
    fold = Fold()
    for chunk in chunks:
        fold.add([chunk])
    return fold.answer(usage)


def delta(fields: Json, finish: str | None = None, index: int = 0, **more: Any) -> Json:
    choice = {"index": index, "delta": fields, "finish_reason": finish, **more}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice]}


def message(**fields: Any) -> Json:
    return {"role": "assistant", "content": None, "refusal": None, **fields}


TEXTS = st.text(max_size=30)


@given(st.lists(st.tuples(TEXTS, TEXTS.filter(bool)), min_size=1, max_size=3))
def test_a_cut_chat_folds_back(said: list[tuple[str, str]]) -> None:
    """Cutting an answer into chunks and folding them gives the answer."""
    answer = {
        **HEAD,
        "object": "chat.completion",
        "choices": [
            {
                "index": index,
                "message": message(content=content, reasoning_content=reasoning),
                "logprobs": None,
                "finish_reason": "stop",
                "stop_reason": 7,
            }
            for index, (content, reasoning) in enumerate(said)
        ],
        "usage": USAGE,
    }
    whole = folded(*chat.cut(answer, include_usage=True))
    assert whole == answer
    assert_is_openais(whole)


def test_cut_tool_calls_fold_back() -> None:
    """Tool calls keep their order and ids; there is no content then."""
    answer = {
        **HEAD,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": message(tool_calls=[CALL, OTHER]),
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": USAGE,
    }
    assert folded(*chat.cut(answer, include_usage=False)) == answer


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_a_cut_completion_folds_back(said: list[str]) -> None:
    """The same for completions."""
    answer = {
        **HEAD,
        "object": "text_completion",
        "choices": [
            {"text": text, "index": index, "logprobs": None, "finish_reason": "length"}
            for index, text in enumerate(said)
        ],
        "usage": USAGE,
    }
    whole = folded(*completions.cut(answer, include_usage=True))
    assert whole == answer
    assert_is_openais(whole)


def test_tool_calls_come_in_pieces() -> None:
    """Arguments of calls that take turns go on where they stopped; a name is told once."""
    pieces = [
        {"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "id": "t2", "type": "function", "function": {"name": "g", "arguments": "{"}},
        {"index": 0, "function": {"arguments": '{"a":'}},
        {"index": 1, "function": {"arguments": "}"}},
        {"index": 0, "id": "t1", "function": {"name": "f", "arguments": " 1}"}},
    ]
    chunks = [delta({"role": "assistant", "content": ""})]
    chunks += [delta({"tool_calls": [piece]}) for piece in pieces]
    answer = folded(*chunks, delta({}, "tool_calls"))
    choice = answer["choices"][0]
    assert choice["message"] == message(tool_calls=[CALL, OTHER])
    assert choice["finish_reason"] == "tool_calls"
    assert_is_openais(answer)


def test_choices_that_take_turns_keep_apart() -> None:
    """Each choice has its own text and reason, in the order of the indexes."""
    chunks = [
        delta({"role": "assistant", "content": "b"}, index=1),
        delta({"role": "assistant", "content": "a"}, index=0),
        delta({"content": "B"}, "length", index=1),
        delta({"content": "A"}, "stop", index=0),
    ]
    choices = folded(*chunks)["choices"]
    assert [each["message"]["content"] for each in choices] == ["aA", "bB"]
    assert [each["finish_reason"] for each in choices] == ["stop", "length"]


def test_log_probabilities_go_on() -> None:
    """Lists are continued, objects are joined, and what nobody knows is kept."""
    one: Json = {"content": [{"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}]}
    two: Json = {"content": [{"token": "b", "logprob": -2.0, "bytes": [98], "top_logprobs": []}]}
    chunks = [
        delta({"role": "assistant", "content": "a", "audio": {"data": "x"}}, logprobs=one),
        delta({"content": "b", "audio": {"data": "y"}}, "stop", logprobs=two),
    ]
    choice = folded(*chunks)["choices"][0]
    assert [each["token"] for each in choice["logprobs"]["content"]] == ["a", "b"]
    assert choice["message"]["audio"] == {"data": "xy"}


def test_a_silent_model_has_empty_content() -> None:
    """An answer without a word is an empty text, as in the plain call."""
    choice = folded(delta({"role": "assistant"}), delta({}, "stop"))["choices"][0]
    assert choice["message"] == message(content="")
