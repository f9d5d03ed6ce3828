from typing import Any

import orjson
import pytest

from emulator.containers.messages import Messages
from emulator.endpoints import MessagesEndpoint
from tests.emulator.containers.asking import ask, complaint, document, records

PLAIN = Messages(MessagesEndpoint(kind="messages"))
FIXED = Messages(
    MessagesEndpoint(kind="messages", reply="one two three", served_model="m", context_length=40)
)


def test_answer() -> None:
    """The answer is a text completion that quotes the prompt, sixteen tokens long by default."""
    answer = document(PLAIN, {"prompt": "Hello " * 12, "model": "m"})
    assert answer["object"] == "text_completion"
    assert answer["model"] == "m"
    (choice,) = answer["choices"]
    assert choice["text"].startswith(" You said: “Hello Hello ")
    assert choice["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 16


@pytest.mark.parametrize(
    ("prompt", "amount", "tokens"),
    [("a b", 1, 2), (["a", "b c"], 2, 3), ([1, 2, 3], 1, 3), ([[1, 2], [3], [4]], 3, 4)],
)
def test_forms_of_prompts(prompt: Any, amount: int, tokens: int) -> None:
    """A string, strings, token ids and lists of them give one choice a prompt."""
    answer = document(FIXED, {"prompt": prompt})
    assert [each["index"] for each in answer["choices"]] == list(range(amount))
    assert answer["usage"]["prompt_tokens"] == tokens
    assert answer["usage"]["completion_tokens"] == 3 * amount


def test_order_of_choices() -> None:
    """The choices of the first prompt come first, and `n` choices of one prompt differ."""
    wanted = {"prompt": ["alpha", "beta"], "n": 2, "max_tokens": 60}
    texts = [each["text"] for each in document(PLAIN, wanted)["choices"]]
    assert ["alpha" in text for text in texts] == [True, True, False, False]
    assert texts[1] == f"{texts[0]}\n(choice 1)"
    fixed = document(FIXED, {"prompt": "x", "n": 2})["choices"]
    assert fixed[0]["text"] == fixed[1]["text"] == "one two three"


@pytest.mark.parametrize(
    ("more", "text", "reason"),
    [
        ({}, "one two three", "stop"),
        ({"max_tokens": 2}, "one two", "length"),
        ({"stop": " three"}, "one two", "stop"),
        ({"stop": ["x", "ne"]}, "o", "stop"),
        ({"echo": True}, "Hi,one two three", "stop"),
        ({"echo": True, "max_tokens": 0}, "Hi,", "length"),
        ({"echo": True, "logprobs": 1}, "Hi,one two three", "stop"),
        ({"logprobs": 5}, "one two three", "stop"),
    ],
)
def test_plain_and_streamed_agree(more: dict[str, Any], text: str, reason: str) -> None:
    """Text, reason and log probabilities are the same, streamed or not."""
    wanted = {"prompt": "Hi,", **more}
    (choice,) = document(FIXED, wanted)["choices"]
    assert (choice["text"], choice["finish_reason"]) == (text, reason)
    chunks = [each["choices"][0] for each in records(FIXED, {**wanted, "stream": True})[:-1]]
    assert "".join(each["text"] for each in chunks) == text
    assert [each["finish_reason"] for each in chunks] == [None] * (len(chunks) - 1) + [reason]
    parts = [each["logprobs"] for each in chunks if each["logprobs"]]
    whole = choice["logprobs"] or {}
    for name, values in whole.items():
        assert [value for part in parts for value in part[name]] == values


def test_log_probabilities() -> None:
    """Offsets, tokens and as many alternatives as asked for; an echo's first token has none."""
    wanted = {"prompt": "Hi,", "echo": True, "logprobs": 2, "max_tokens": 2}
    logprobs = document(FIXED, wanted)["choices"][0]["logprobs"]
    assert logprobs["tokens"] == ["Hi,", "one", " two"]
    assert logprobs["text_offset"] == [0, 3, 6]
    assert logprobs["token_logprobs"] == [None, -0.25, -0.25]
    assert [each and len(each) for each in logprobs["top_logprobs"]] == [None, 2, 2]


def test_stream() -> None:
    """Choices take turns; usage comes when asked for, then `[DONE]`."""
    wanted = {"prompt": ["a", "b"], "stream": True, "stream_options": {"include_usage": True}}
    *chunks, usage, done = records(FIXED, wanted)
    assert [each["choices"][0]["index"] for each in chunks[:4]] == [0, 1, 0, 1]
    assert {each["object"] for each in chunks} == {"text_completion"}
    assert len({each["id"] for each in chunks}) == 1
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 8)
    assert done == "[DONE]"
    assert all("usage" not in each for each in chunks)


def test_framing() -> None:
    """Completions are framed and left whole as chats are."""
    lines = Messages(MessagesEndpoint(kind="messages", framing="jsonlines"))
    assert ask(lines, {"prompt": "x", "stream": True})[1] == "application/jsonlines"
    whole = Messages(MessagesEndpoint(kind="messages", whole_document=True))
    assert document(whole, {"prompt": "x", "stream": True})["object"] == "text_completion"


@pytest.mark.parametrize(
    ("more", "status", "text"),
    [
        ({"suffix": "x"}, 400, "suffix is not currently supported"),
        ({"model": "other"}, 404, "The model `other` does not exist."),
        ({"logprobs": 6}, 400, "Requested sample logprobs of 6, which is greater than max allowed"),
        ({"logprobs": -1}, 400, "`logprobs` must be a positive value."),
        ({"logprobs": True}, 400, "('body', 'logprobs')"),
        ({"max_tokens": 0}, 400, "max_tokens must be at least 1, got 0."),
        ({"temperature": -1}, 400, "temperature must be non-negative"),
        ({"max_tokens": 60}, 400, "This model's maximum context length is 40 tokens."),
        ({"prompt": []}, 400, "('body', 'prompt')"),
        ({"prompt": ["a", 1]}, 400, "('body', 'prompt')"),
        ({"prompt": [[]]}, 400, "('body', 'prompt')"),
        ({"prompt": 7}, 400, "('body', 'prompt')"),
    ],
)
def test_refusals(more: dict[str, Any], status: int, text: str) -> None:
    """Requests that vLLM refuses are refused in its words."""
    answered, content = complaint(FIXED, {"prompt": "x", **more})
    assert answered == status
    assert text in content["error"]["message"]


def test_chat_only() -> None:
    """A container with chat only misses the messages in every other body."""
    container = Messages(MessagesEndpoint(kind="messages", completions=False, embeddings=False))
    for key in ("prompt", "input"):
        status, content = complaint(container, {key: "x"})
        assert status == 400
        assert "('body', 'messages')" in orjson.dumps(content).decode()
