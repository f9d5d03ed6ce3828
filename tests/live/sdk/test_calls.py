"""Calls in process: whole answers, sync and async, from threads, in time, and without secrets."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import sagegate
from tests.live.emulated import Emulated
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY

HELLO = [{"role": "user", "content": "Where is Köln?"}]
CHAT = "sagemaker_chat/my-chat"


def test_an_answer_reads_both_ways(emulated: Emulated) -> None:
    """An answer is a dict, and has attributes at every level."""
    answer = sagegate.completion(CHAT, HELLO)

    assert answer["choices"][0]["message"]["content"] == answer.choices[0].message.content
    assert answer.usage.total_tokens == answer["usage"]["total_tokens"]
    assert answer.model == "my-chat"
    assert len(emulated.requests()) == 1


async def test_async_calls(emulated: Emulated) -> None:
    """The async functions answer inside a running loop, and so do the sync ones (as in Jupyter)."""
    answers = await asyncio.gather(*(sagegate.acompletion(CHAT, HELLO) for _ in range(3)))
    assert all("Köln" in answer.choices[0].message.content for answer in answers)
    vectors = await sagegate.aembedding("sagemaker/my-embeddings", ["a", "b"])
    assert len(vectors.data) == 2
    text = await sagegate.atext_completion("sagemaker/my-text", "Köln is")
    assert isinstance(text, sagegate.Result)
    assert "Köln" in text.choices[0].text

    assert sagegate.completion(CHAT, HELLO).object == "chat.completion"
    assert len(emulated.requests("my-chat")) == 4


def test_the_native_path(emulated: Emulated) -> None:
    """`transport` works in process as in the file: a token, and the path."""
    answer = sagegate.completion(CHAT, HELLO, transport="openai_path")

    assert "Köln" in answer.choices[0].message.content
    entry = emulated.only()
    assert entry["path"] == "/endpoints/my-chat/openai/v1/chat/completions"
    assert entry["headers"]["authorization"].startswith("Bearer Credential=")


def test_text_completion(emulated: Emulated) -> None:
    """A raw container gets the prompt untouched; each prompt has its choice."""
    answer = sagegate.text_completion("sagemaker/my-text", ["one", "two"], max_tokens=5)

    assert isinstance(answer, sagegate.Result)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert {entry["endpoint"] for entry in emulated.requests()} == {"my-text"}
    assert len(emulated.requests()) == 2


def test_ranking(emulated: Emulated) -> None:
    """Documents come back best first, with the scores of the container."""
    answer = sagegate.rerank("sagemaker/my-rerank", "Köln", ["Bonn", "Köln", "Kiel"], top_n=2)

    scores = [result.relevance_score for result in answer.results]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)
    assert emulated.body()["texts"] == ["Bonn", "Köln", "Kiel"]


def test_rerank_is_refused_by_a_container_without_it(emulated: Emulated) -> None:
    """Ranking goes the same way: what a container can't do is its error, not a wrong answer."""
    with pytest.raises(sagegate.UnsupportedTask):
        sagegate.rerank(CHAT, "q", ["a", "b"])
    assert emulated.requests() == []


async def test_async_rerank_is_refused_alike(emulated: Emulated) -> None:
    """The async function raises what the sync one raises."""
    with pytest.raises(sagegate.UnsupportedTask):
        await sagegate.arerank(CHAT, "q", ["a", "b"])
    assert emulated.requests() == []


def test_eight_threads_at_once(emulated: Emulated) -> None:
    """Threads call at the same time, on one loop: all are under way before one is answered."""
    emulated.fault("my-chat", "slow_first_byte", seconds=0.5, times=8)
    start = threading.Barrier(8)

    def ask(number: int) -> str:
        start.wait()
        answer = sagegate.completion(CHAT, [{"role": "user", "content": f"number {number}"}])
        return str(answer.choices[0].message.content)

    with ThreadPoolExecutor(8) as pool:
        asking = pool.map(ask, range(8))
        assert emulated.counts(open=8)["open"] == 8
        assert all(f"number {number}" in text for number, text in enumerate(asking))
    assert sum(thread.name == "sagegate" for thread in threading.enumerate()) == 1


async def test_cancelling_gives_the_call_up(emulated: Emulated) -> None:
    """A cancelled task takes its call to AWS with it."""
    emulated.fault("my-chat", "slow_first_byte", seconds=60)
    calling = asyncio.create_task(sagegate.acompletion(CHAT, HELLO))
    await asyncio.to_thread(emulated.counts, open=1)

    calling.cancel()

    with pytest.raises(asyncio.CancelledError):
        await calling
    assert await asyncio.to_thread(emulated.counts, open=0, cut=1) == {"open": 0, "cut": 1}


def test_timeout_is_a_deadline(emulated: Emulated) -> None:
    """`timeout` ends the call, also upstream, with an error that says so."""
    emulated.fault("my-chat", "slow_first_byte", seconds=60)

    with pytest.raises(sagegate.DeadlineExceeded, match=r"0\.3 s"):
        sagegate.completion(CHAT, HELLO, timeout=0.3)

    assert emulated.counts(open=0, cut=1)["cut"] == 1


def test_timeout_of_a_stream(emulated: Emulated) -> None:
    """A stream's first byte has the same limit."""
    emulated.fault("my-chat", "slow_first_byte", seconds=60)

    with pytest.raises(sagegate.DeadlineExceeded):
        sagegate.completion(CHAT, HELLO, stream=True, timeout=0.3)

    assert emulated.counts(open=0, cut=1)["cut"] == 1


@pytest.mark.parametrize(
    ("model", "settings", "error"),
    [
        ("sagemaker/no-such-endpoint", {}, sagegate.EndpointNotFound),
        (CHAT, {"aws_region_name": "ap-south-1"}, sagegate.UpstreamError),
        (CHAT, {"api_base": "http://127.0.0.1:9"}, sagegate.UpstreamError),
        ("sagemaker/my-text", {"tools": [{"type": "function"}]}, sagegate.InvalidRequest),
    ],
)
def test_errors_are_one_tree(
    emulated: Emulated, model: str, settings: dict[str, Any], error: type[Exception]
) -> None:
    """Whatever goes wrong is a `GatewayError` that says what, and no secret."""
    del emulated
    with pytest.raises(sagegate.GatewayError) as caught:
        sagegate.completion(model, HELLO, **settings)
    assert isinstance(caught.value, error)
    assert SECRET_KEY not in repr(caught.value)


def test_an_endpoint_is_kept_for_equal_settings(emulated: Emulated) -> None:
    """A refusal to stream is remembered from call to call; other settings are another endpoint."""
    for _ in range(3):
        list(sagegate.completion("sagemaker/no-stream", HELLO, stream=True, timeout=9))
    assert emulated.operations() == ["stream", "invoke", "invoke", "invoke"]

    list(sagegate.completion("sagemaker/no-stream", HELLO, stream=True, drop_params=True))
    assert emulated.operations()[4:] == ["stream", "invoke"]


def test_the_environment_counts_at_each_call(
    emulated: Emulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another region in the environment is another signature in the next call."""
    sagegate.completion(CHAT, HELLO)
    monkeypatch.setenv("AWS_REGION_NAME", "eu-west-1")
    sagegate.completion(CHAT, HELLO)

    scopes = [entry["headers"]["authorization"] for entry in emulated.requests()]
    assert [scope.split("/")[2] for scope in scopes] == [REGION, "eu-west-1"]


def test_no_secret_is_in_what_a_caller_holds(emulated: Emulated) -> None:
    """Nothing that a caller may print has a key in it."""
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    with sagegate.completion(CHAT, HELLO, stream=True, **keys) as stream:
        shown = repr(stream) + repr(vars(stream)) + repr(next(stream)) + repr(sagegate)
    assert ACCESS_KEY not in shown
    assert SECRET_KEY not in shown
    assert len(emulated.requests()) == 1


def test_closing_is_not_the_end(emulated: Emulated) -> None:
    """After `close` the next call opens new connections."""
    sagegate.completion(CHAT, HELLO)
    sagegate.close()
    assert not any(thread.name == "sagegate" for thread in threading.enumerate())
    sagegate.completion(CHAT, HELLO)
    assert len(emulated.requests()) == 2


async def test_raw_bodies(emulated: Emulated) -> None:
    """With `format="raw"` there need be no messages and no prompt: the arguments are the body."""
    given: Any = {"format": "raw", "inputs": "Köln", "parameters": {"top_k": 2}}

    answer = sagegate.completion("sagemaker/my-text", **given)
    stream = await sagegate.acompletion("sagemaker/my-text", stream=True, **given)
    text = sagegate.text_completion("sagemaker/my-text", **given)

    assert "Köln" in answer.choices[0].message.content
    assert "Köln" in "".join([c.choices[0].delta.get("content") or "" async for c in stream])
    assert isinstance(text, sagegate.Result)
    bodies = [json.loads(entry["body"]) for entry in emulated.requests()]
    body = {"inputs": "Köln", "parameters": {"top_k": 2}}
    assert bodies == [body, {**body, "stream": True}, body]


def test_other_formats_need_messages(emulated: Emulated) -> None:
    """Where sagegate writes the body, a call without messages is refused, and nothing is sent."""
    with pytest.raises(sagegate.InvalidRequest, match="Missing required parameter: 'messages'"):
        sagegate.completion("sagemaker/my-text", inputs="x")
    assert emulated.requests() == []


def test_a_number_that_is_none(emulated: Emulated) -> None:
    """What JSON can't say is refused, as over HTTP, and never left out in silence."""
    with pytest.raises(sagegate.InvalidRequest, match="temperature: nan is no number") as caught:
        sagegate.completion("sagemaker/my-text", HELLO, temperature=float("nan"))
    assert caught.value.param == "temperature"
    assert emulated.requests() == []
