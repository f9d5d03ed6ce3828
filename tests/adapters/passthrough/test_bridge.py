"""Completions over a chat container: what golden files do not say."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.base import Json
from adapters.errors import MalformedReply, UnsupportedParameter
from tests.adapters.passthrough.ask import PROMPT, bodies, chunk, decode, sse, stream, text_of

REPLY: Json = {
    "id": "chatcmpl-up",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi  you", "reasoning": "hm"},
            "logprobs": {
                "content": [
                    {"token": "Hi ", "logprob": -0.1, "top_logprobs": []},
                    {"token": " you", "logprob": -0.2, "top_logprobs": []},
                ]
            },
            "finish_reason": "stop",
            "stop_reason": 3,
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


@pytest.mark.parametrize("wish", [{"suffix": "x"}, {"best_of": 2}])
def test_what_a_conversation_has_no_place_for_is_refused_with_its_remedy(wish: Json) -> None:
    """The 400 names the parameter and the setting for a container that takes prompts itself."""
    with pytest.raises(UnsupportedParameter) as caught:
        bodies("messages", PROMPT | wish)
    (name,) = wish
    assert (caught.value.status, caught.value.param) == (400, name)
    assert "set 'format: openai'" in caught.value.message


def test_the_policies_hold_for_prompts() -> None:
    """`drop_params` drops, `allowed_openai_params` forwards, `additional_drop_params` removes."""
    params = {**PROMPT, "suffix": "x", "seed": 1, "echo": True, "user": "me"}
    user = {"messages": [{"role": "user", "content": "Once"}], "user": "me"}
    assert bodies("messages", params, drop_unsupported=True) == [{**user, "seed": 1}]
    allowed = bodies("messages", params, allowed=frozenset({"suffix"}))
    assert allowed == [{**user, "seed": 1, "suffix": "x"}]
    dropped = frozenset({"suffix", "seed", "echo"})
    assert bodies("messages", params, dropped=dropped) == [user]
    assert (
        decode("messages", params, REPLY, dropped=dropped).body["choices"][0]["text"] == "Hi  you"
    )


def test_an_echo_has_no_log_probabilities() -> None:
    """The container never saw the prompt as text of its own: asking for both is a 400."""
    with pytest.raises(UnsupportedParameter) as caught:
        bodies("messages", {**PROMPT, "echo": True, "logprobs": 0})
    assert caught.value.param == "logprobs"
    assert "set 'format: openai'" in caught.value.message


@pytest.mark.parametrize("echo", [False, True])
def test_a_whole_answer_to_a_stream_gives_the_same_completion(echo: bool) -> None:
    """Cut or whole: the same text, log probabilities, finish reason and further fields."""
    params = {**PROMPT, "echo": True} if echo else {**PROMPT, "logprobs": 0}
    whole = decode("messages", params, REPLY).body["choices"][0]
    chunks = stream("messages", params, orjson.dumps(REPLY))
    last = chunks[-1]["choices"][0]
    assert text_of(chunks) == whole["text"] == ("OnceHi  you" if echo else "Hi  you")
    assert {**last, "text": whole["text"]} == whole
    assert whole["logprobs"]["text_offset"] == [0, 3]


@pytest.mark.parametrize("content", [7, {"text": "a"}])
def test_content_that_is_no_text_is_502(content: Any) -> None:
    """What is neither a text nor parts of one does not pass for an empty text."""
    message = {"role": "assistant", "content": content}
    usage = REPLY["usage"]
    with pytest.raises(MalformedReply):
        decode("messages", PROMPT, {"choices": [{"message": message}], "usage": usage})
    with pytest.raises(MalformedReply):
        stream("messages", PROMPT, sse(chunk({"delta": message})))


def test_a_tool_call_is_no_text() -> None:
    """An answer without words is a completion without words, and says why it ended."""
    calls = {"content": None, "tool_calls": [{"index": 0}]}
    chunks = stream(
        "messages",
        PROMPT,
        sse(chunk({"delta": calls}), chunk({"delta": {}, "finish_reason": "tool_calls"})),
    )
    assert [each["choices"] for each in chunks] == [
        [{"text": "", "index": 0, "logprobs": None, "finish_reason": "tool_calls"}]
    ]
