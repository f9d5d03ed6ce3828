"""Containers' answers of every shape, in every dialect: OpenAI's answer, or an upstream error.

Cases F9, F12, G12, J8.
"""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import formats
from adapters.base import Format, Json, Limits, Task
from adapters.endpoint import Endpoint
from adapters.errors import InvalidRequest, UpstreamError
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker
from tests.fuzz.cutting import CUTS, DAMAGES, damaged, reads
from tests.fuzz.effort import searching
from tests.fuzz.values import ANYTHING
from tests.openai_schema import assert_is_openais

REQUESTS: dict[Task, Json] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "completion": {"model": "m", "prompt": "Hi"},
    "embedding": {"model": "m", "input": ["a", "b"]},
    "rerank": {"model": "m", "query": "q", "documents": ["a", "b"]},
}
_KEYS = st.sampled_from(
    [
        "generated_text",
        "outputs",
        "generation",
        "choices",
        "message",
        "delta",
        "content",
        "text",
        "token",
        "details",
        "usage",
        "finish_reason",
        "index",
        "embedding",
        "embeddings",
        "vectors",
        "data",
        "score",
        "error",
        "object",
        "role",
        "tool_calls",
        "logprobs",
        "prompt_tokens",
        "completion_tokens",
        "output",
        "relevance_score",
        "id",
        "special_text",
        "type",
    ]
)
SHAPED = st.recursive(
    ANYTHING,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=10,
)
#: Answers that are right for some dialect.
RIGHT: list[Any] = [
    [{"generated_text": "Hi"}],
    {"generated_text": "Hi", "details": {"finish_reason": "length", "tokens": []}},
    {"outputs": ["Hi"]},
    [{"generation": {"role": "assistant", "content": "Hi"}}],
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}]},
    {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]},
    {"choices": [{"index": 0, "text": "Hi"}], "usage": {"prompt_tokens": 1}},
    {"token": {"id": 1, "text": "Hi", "special": False}, "generated_text": None},
    {"embedding": [[1.0, 2.0], [3.0, 4.0]]},
    [[1.0], [2.0]],
    [{"index": 0, "score": 0.5}],
    {"error": {"message": "no", "code": 400}},
    {"error": "no"},
]


@st.composite
def answers(draw: st.DrawFn) -> Any:
    """An answer that is right but for one part of it, or anything at all."""
    kind = draw(st.sampled_from(["right", "nearly", "nearly", "anything"]))
    if kind == "anything":
        return draw(SHAPED)
    answer = orjson.loads(orjson.dumps(draw(st.sampled_from(RIGHT))))
    place = answer
    while kind == "nearly":
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not steps:
            return answer
        step = draw(st.sampled_from(steps))
        if isinstance(place[step], dict | list) and draw(st.integers(0, 3)):
            place = place[step]
            continue
        place[step] = draw(SHAPED)
        break
    return answer


FORMATS = [formats.load(name) for name in formats.names()]
TASKS = [
    (format_, task)
    for format_ in FORMATS
    for task in REQUESTS
    if getattr(format_, task) is not None
]


@pytest.fixture(scope="module")
def loop() -> Any:
    """A loop for tests that are no coroutines."""
    runner = asyncio.Runner()
    yield runner
    runner.close()


def endpoint(format_: Format, script: ScriptedInvoker) -> Endpoint:
    """An endpoint with that dialect's container."""
    return Endpoint(id="d", target=make_target(), format=format_, invoker=script)


async def call(format_: Format, task: Task, reply: bytes) -> None:
    """Ask once; what comes is OpenAI's, or is upstream's fault."""
    script = ScriptedInvoker(replies=[reply])
    try:
        answer = await endpoint(format_, script).call(task, REQUESTS[task], Limits())
    except UpstreamError:
        return
    except InvalidRequest:
        assert not script.calls
        return
    orjson.dumps(answer.body)
    if task != "rerank":
        assert_is_openais(answer.body)


async def stream(format_: Format, task: Task, parts: list[bytes]) -> None:
    """Ask for a stream; the same of each of its chunks."""
    script = ScriptedInvoker(streams=[parts], replies=[b"{}"])
    request = {**REQUESTS[task], "stream": True}
    try:
        chunks = await endpoint(format_, script).stream(task, request, Limits())
        async for batch in chunks:
            for chunk in batch:
                assert_is_openais(orjson.loads(orjson.dumps(chunk)))
    except UpstreamError:
        return
    except InvalidRequest:
        assert not script.calls


@given(st.sampled_from(TASKS), answers())
@searching(600)
def test_any_answer(loop: asyncio.Runner, asked: tuple[Format, Task], answer: Any) -> None:
    """A reply that is no answer is a 502, never a 500, and never an answer of another shape."""
    loop.run(call(*asked, orjson.dumps(answer)))


@given(
    st.sampled_from([each for each in TASKS if each[1] in {"chat", "completion"}]),
    st.lists(answers(), max_size=4),
    st.sampled_from([b"data: %b\n\n", b"%b\n", b"%b", b"data:%b\r\n"]),
    st.booleans(),
    DAMAGES,
    CUTS,
)
@searching(400)
def test_any_stream(
    loop: asyncio.Runner,
    asked: tuple[Format, Task],
    records: list[Any],
    framing: bytes,
    done: bool,
    damages: list[tuple[str, int, bytes]],
    cuts: list[int],
) -> None:
    """Each chunk has OpenAI's shape, whatever the container's records are and however it ends."""
    whole = b"".join(framing % orjson.dumps(record) for record in records)
    whole += b"data: [DONE]\n\n" if done else b""
    parts = [part for part in reads(damaged(whole, damages), cuts) if part]
    loop.run(stream(*asked, parts))
