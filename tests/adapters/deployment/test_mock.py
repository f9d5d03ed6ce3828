"""A container that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Json, Limits, Payload, Task
from adapters.endpoint import Endpoint
from adapters.errors import StreamingRefused, UnsupportedTask
from tests.adapters.deployment.composing import composed

TEXT = "Always this."
HELLO: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi there"}]}
ESTIMATE = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5, "estimated": True}


def mocked(model: str) -> Endpoint:
    made = composed(model, mock_response=TEXT)
    return Endpoint(
        id="1",
        target=made.target,
        format=made.format,
        invoker=made.invoker(lambda _: pytest.fail("AWS was called")),
        stream_mode=made.stream_mode,
    )


MODELS = ["sagemaker/e", "sagemaker_chat/e", "sagemaker_nova/e", "sagemaker/openai/e"]


@pytest.mark.parametrize("model", MODELS)
async def test_a_chat_gets_the_text(model: str) -> None:
    """Every route's mock answers the same; its counts are estimates and say so."""
    answer = await mocked(model).call("chat", {**HELLO, "n": 2}, Limits())
    messages = [choice["message"] for choice in answer.body["choices"]]
    assert [(each["role"], each["content"]) for each in messages] == [("assistant", TEXT)] * 2
    answer = await mocked(model).call("chat", HELLO, Limits())
    assert (answer.body["usage"], answer.usage_source) == (ESTIMATE, "estimate")
    assert answer.body["model"] == "m"


@pytest.mark.parametrize(
    ("prompt", "choices"),
    [("a", 1), (["a", "b"], 2), ([1, 2, 3], 1), ([[1, 2], [3]], 2)],
    ids=repr,
)
@pytest.mark.parametrize("n", [None, 2])
async def test_a_completion_gets_a_choice_for_each_prompt(
    prompt: Any, choices: int, n: int | None
) -> None:
    """Each prompt has `n` choices, all of the same text."""
    params = {"model": "m", "prompt": prompt} | ({} if n is None else {"n": n})
    answer = await mocked("sagemaker/e").call("completion", params, Limits())
    assert [choice["text"] for choice in answer.body["choices"]] == [TEXT] * choices * (n or 1)


async def test_a_stream_is_the_text_cut() -> None:
    """A mock streams as well: the whole text in pieces, from the first call on."""
    endpoint = mocked("sagemaker/e")
    for _ in range(2):
        stream = await endpoint.stream("chat", HELLO, Limits())
        chunks = [chunk async for batch in stream for chunk in batch]
        deltas = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
        assert "".join(deltas) == TEXT
        assert len(deltas) > 2


async def test_the_streaming_operation_is_not_there() -> None:
    """Whoever asks a mock for a stream is told to cut a whole answer."""
    endpoint = mocked("sagemaker/e")
    with pytest.raises(StreamingRefused):
        await endpoint.invoker.open_stream(endpoint.target, Payload(body=b"{}"), Limits())


@pytest.mark.parametrize("task", ["embedding", "rerank"])
async def test_a_text_is_no_vector(task: Task) -> None:
    """What a text can't answer is refused."""
    with pytest.raises(UnsupportedTask):
        await mocked("sagemaker/e").call(task, {"model": "m", "input": "a"}, Limits())


@pytest.mark.parametrize("prompt", [[], [[], [], []], "x"], ids=repr)
async def test_a_chat_stays_a_chat_whatever_else_it_holds(prompt: Any) -> None:
    """A key of another resource's neither breaks a mock nor adds choices."""
    answer = await mocked("sagemaker/e").call("chat", {**HELLO, "prompt": prompt}, Limits())
    assert [choice["message"]["content"] for choice in answer.body["choices"]] == [TEXT]


async def test_a_completion_stays_a_completion() -> None:
    """So it is the other way round."""
    answer = await mocked("sagemaker/e").call("completion", {**HELLO, "prompt": "a"}, Limits())
    assert [choice["text"] for choice in answer.body["choices"]] == [TEXT]
