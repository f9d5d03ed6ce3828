"""Whole or streamed: the same text, the same counts, the same end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.base import Json, Limits, ParameterPolicy, Task
from adapters.endpoint import Endpoint
from adapters.openai.fold import Fold
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker

CHAT: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
LIMITS = Limits()


def endpoint(form: str, invoker: ScriptedInvoker, **policy: Any) -> Endpoint:
    target = make_target(parameters=ParameterPolicy(**policy))
    return Endpoint(id="d1", target=target, format=formats.load(form), invoker=invoker)


async def whole(form: str, params: Json, reply: Any, **policy: Any) -> Json:
    called = endpoint(form, ScriptedInvoker(replies=[reply]), **policy)
    return (await called.call(task_of(params), params, LIMITS)).body


async def streamed(form: str, params: Json, parts: Iterable[Any], **policy: Any) -> Json:
    lines = [None if part is None else orjson.dumps(part) + b"\n" for part in parts]
    called = endpoint(form, ScriptedInvoker(streams=[lines]), **policy)
    stream = await called.stream(task_of(params), params, LIMITS)
    fold = Fold()
    async for chunks in stream:
        fold.add(chunks)
    await stream.aclose()
    return fold.answer(stream.summary.usage)


def task_of(params: Json) -> Task:
    return "chat" if "messages" in params else "completion"


def told(body: Json) -> list[str]:
    logprobs = body["choices"][0]["logprobs"]
    return [entry["token"] for entry in logprobs["content"]] if logprobs else []


def token(text: str, **more: Any) -> Json:
    return {"token": {"id": 1, "text": text, "logprob": -1.0}, **more}


async def test_estimates_are_alike() -> None:
    """Each choice is estimated by itself, whole or streamed, and a prompt once."""
    asked = {**CHAT, "n": 3}
    expected = {"prompt_tokens": 1, "completion_tokens": 6, "total_tokens": 7, "estimated": True}
    assert (await whole("huggingface", asked, [{"generated_text": "abcde"}]))["usage"] == expected
    assert (await streamed("huggingface", asked, [{"outputs": ["abcde"]}]))["usage"] == expected


async def test_details_without_a_finish_reason_count() -> None:
    """What a record says of its tokens holds whatever else it leaves out."""
    record = {"generated_text": "hi", "details": {"generated_tokens": 2, "input_length": 3}}
    expected = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert (await whole("lmi", CHAT, record))["usage"] == expected
    assert (await streamed("lmi", CHAT, [record]))["usage"] == expected


async def test_the_details_behind_a_stop_text_are_waited_for() -> None:
    """A container that counts exactly is heard to its end, although its text is cut before."""
    details = {"finish_reason": "stop_sequence", "generated_tokens": 3, "input_length": 7}
    parts = [token("a "), token("STOP"), token("x", generated_text="a STOPx", details=details)]
    body = await streamed("tgi", {**CHAT, "stop": "STOP"}, parts)
    assert body["choices"][0]["message"]["content"] == "a "
    assert body["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@pytest.mark.parametrize(
    ("form", "params", "parts"),
    [
        ("tgi", {}, [token("a", generated_text="a", details={"finish_reason": "eos_token"}), None]),
        ("llama2", {"stop": "END"}, [{"generation": "a"}, {"generation": "END b"}, None]),
    ],
)
async def test_an_answer_that_is_over_is_not_waited_for(
    form: str, params: Json, parts: list[Any]
) -> None:
    """A container that stalls behind its last word does not hold the client's end mark back."""
    async with asyncio.timeout(10):
        body = await streamed(form, {**CHAT, **params}, parts)
    choice = body["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("a", "stop")


async def test_a_containers_own_limit_is_one() -> None:
    """`max_new_tokens` met exactly is `length`, as with OpenAI's names."""
    parts = [token("a"), token("b", generated_text="ab")]
    body = await streamed("huggingface", {**CHAT, "max_new_tokens": 2}, parts)
    assert body["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("given", ["Hello world", " world"])
@pytest.mark.parametrize("form", ["huggingface"])
async def test_an_echo_is_there_once(form: str, given: str) -> None:
    """A container that may echo by itself, however short the prompt, is not echoed again."""
    asked = {"model": "m", "prompt": "Hello", "echo": True}
    body = await whole(form, asked, [{"generated_text": given}])
    assert body["choices"][0]["text"] == "Hello world"
    body = await streamed(form, asked, [{"outputs": [given]}])
    assert body["choices"][0]["text"] == "Hello world"


async def test_chat_knows_no_echo() -> None:
    """A completion's parameters in a chat put nothing before its answer."""
    asked = {**CHAT, "prompt": "x", "echo": True}
    body = await whole("huggingface", asked, [{"generated_text": "a"}])
    assert body["choices"][0]["message"]["content"] == "a"


async def test_what_the_configuration_drops_does_not_act_here_either() -> None:
    """A dropped parameter was never asked for: no limit is met, no text is cut, no usage told."""
    record = {"generated_text": "a STOP", "details": {"generated_tokens": 2, "input_length": 1}}
    asked = {**CHAT, "max_tokens": 2, "stop": "STOP", "stream_options": {"include_usage": True}}
    dropped = frozenset({"max_tokens", "stop", "stream_options"})
    body = await whole("tgi", asked, record, dropped=dropped)
    choice = body["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("a STOP", "stop")
    called = endpoint("tgi", ScriptedInvoker(streams=[[orjson.dumps(record)]]), dropped=dropped)
    stream = await called.stream("chat", asked, LIMITS)
    assert all(chunk["choices"] for chunks in [batch async for batch in stream] for chunk in chunks)


async def test_several_tokens_of_a_piece_are_told_with_it() -> None:
    """No log probability is lost, also where a token's text is not the piece's."""
    asked = {**CHAT, "logprobs": True}
    tokens = [{"text": "a", "log_prob": -1.0}, {"text": "b", "log_prob": -1.0}]
    record = {"generated_text": "ab", "details": {"finish_reason": "length", "tokens": tokens}}
    assert told(await streamed("lmi", asked, [record])) == ["a", "b"]

    def chunk(text: str, *names: str, finish: str | None = None) -> Json:
        content = [{"token": name, "logprob": -1.0} for name in names]
        choice = {"index": 0, "delta": {"content": text}, "logprobs": {"content": content}}
        return {"choices": [{**choice, "finish_reason": finish}]}

    parts = [chunk("", "<0xC3>"), chunk("\u00e9", "<0xA9>"), chunk("ab", "a", "b", finish="stop")]
    assert told(await streamed("tgi", asked, parts)) == ["<0xC3>", "<0xA9>", "a", "b"]
    cut = {**asked, "stop": "b"}
    assert told(await streamed("tgi", cut, parts)) == ["<0xC3>", "<0xA9>", "a"]
    assert told(await streamed("tgi", CHAT, parts)) == []


@pytest.mark.parametrize("mark", ["</s>", "<|im_end|>", "<|eot_id|>"])
async def test_a_mark_at_the_end_is_no_text(mark: str) -> None:
    """An end mark that a container forgot to remove does not reach the client."""
    body = await whole("huggingface", CHAT, [{"generated_text": "a" + mark}])
    assert body["choices"][0]["message"]["content"] == "a"
    for parts in (
        [{"outputs": ["a"]}, {"outputs": [mark]}],
        [token("a" + mark, generated_text="")],
    ):
        body = await streamed("huggingface", CHAT, parts)
        assert body["choices"][0]["message"]["content"] == "a"
