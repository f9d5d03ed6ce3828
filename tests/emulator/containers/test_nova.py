from typing import Any

import pytest

from emulator.containers.nova import Nova
from emulator.endpoints import NovaEndpoint
from tests.emulator.containers.asking import complaint, document, records

NOVA = Nova(NovaEndpoint(kind="nova", reply="one two three"))
CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
TEXT = {"prompt": "Hello"}


def test_chat() -> None:
    """A chat body is answered as OpenAI does, with log probabilities when asked for."""
    wanted = {**CHAT, "logprobs": True, "top_logprobs": 2, "reasoning_effort": "low", "top_k": 3}
    answer = document(NOVA, wanted)
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == "one two three"
    assert len(answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2


def test_text() -> None:
    """A text body is answered as OpenAI does, with a number of log probabilities."""
    answer = document(NOVA, {**TEXT, "logprobs": 2, "max_tokens": 2})
    (choice,) = answer["choices"]
    assert (answer["object"], choice["text"]) == ("text_completion", "one two")
    assert len(choice["logprobs"]["top_logprobs"][0]) == 2


@pytest.mark.parametrize(
    ("body", "kind"), [(CHAT, "chat.completion.chunk"), (TEXT, "text_completion")]
)
def test_streams(body: dict[str, Any], kind: str) -> None:
    """Both are streamed as OpenAI does, with usage when asked for."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *chunks, usage, done = records(NOVA, {**body, **options})
    assert {each["object"] for each in chunks} == {kind}
    assert usage["usage"]["completion_tokens"] == 3
    assert done == "[DONE]"


@pytest.mark.parametrize(
    "name",
    ["model", "tools", "tool_choice", "n", "stop", "seed", "response_format", "user", "min_p"],
)
@pytest.mark.parametrize("body", [CHAT, TEXT])
def test_unsupported_keys(body: dict[str, Any], name: str) -> None:
    """A model and every undocumented key is a 400 that names it."""
    status, content = complaint(NOVA, {**body, name: None})
    assert status == 400
    assert f"('body', '{name}')" in content["error"]["message"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({**CHAT, "reasoning_effort": "medium"}, "reasoning_effort"),
        ({**CHAT, "logprobs": 2}, "logprobs"),
        ({**CHAT, "prompt": "x"}, "prompt"),
        ({**TEXT, "max_completion_tokens": 2}, "max_completion_tokens"),
        ({**TEXT, "logprobs": True}, "logprobs"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"inputs": "x"}, "inputs"),
        ({}, "messages"),
    ],
)
def test_bodies(body: dict[str, Any], name: str) -> None:
    """Keys of the other body and values that neither has are a 400 that names them."""
    status, content = complaint(NOVA, body)
    assert status == 400
    assert name in content["error"]["message"]
