"""Completions, passed through: what golden files do not say."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Json, Limits
from adapters.errors import InvalidRequest, MalformedReply, ModelError, UnsupportedParameter
from tests.adapters.passthrough.ask import (
    CHAT,
    PROMPT,
    bodies,
    chunk,
    codec,
    collect,
    decode,
    encode,
    endpoint,
    request,
    sse,
    stream,
    text_of,
)
from tests.adapters.scripted import ScriptedInvoker

COUNTS = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


@pytest.mark.parametrize("form", ["openai", "nova"])
@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": "Hi"}, "finish_reason": "stop"},
        {"delta": {"content": "Hi"}, "finish_reason": None},
        {"text": None, "finish_reason": None},
        {"text": 7, "finish_reason": "stop"},
    ],
)
def test_a_chat_answer_to_a_prompt_is_502(form: str, choice: Json) -> None:
    """A container that chats where a completion was asked for is an unknown shape, not no text."""
    with pytest.raises(MalformedReply):
        decode(form, PROMPT, {"choices": [choice]})
    with pytest.raises(MalformedReply):
        stream(form, PROMPT, sse(chunk(choice)))


@pytest.mark.parametrize("word", ["abort", "error"])
def test_a_failed_generation_is_no_finish(word: str) -> None:
    """An answer that the container gave up is an error, whole or streamed."""
    choice = {"text": "a", "finish_reason": word}
    with pytest.raises(ModelError):
        decode("openai", PROMPT, {"choices": [choice]})
    with pytest.raises(ModelError):
        stream("openai", PROMPT, sse(chunk({"text": "a"}), chunk(choice)))


@pytest.mark.parametrize("end", [b"", b"data: [DONE]\n\n"])
def test_one_record_is_a_stream_if_its_end_is_marked(end: bytes) -> None:
    """A whole completion looks like a chunk that ends: what follows it tells them apart."""
    asked = request(PROMPT)
    used = codec("openai", "completion")
    decoder = used.decoder(asked, used.encode(asked)[0])
    data = sse(chunk({"text": "a b", "finish_reason": "length"}), end=end)
    chunks = [*decoder.feed(data), *decoder.finish()]
    assert decoder.summary.whole_document is (end == b"")
    assert (text_of(chunks), decoder.summary.finish_reason) == ("a b", "length")


def test_an_echo_is_no_part_of_the_estimate() -> None:
    """What the container repeats was not generated; of token ids the number is exact."""
    answer: Json = {"choices": [{"text": "Once" + "x" * 8}, {"text": "Once" + "x" * 4}]}
    assert decode("openai", {**PROMPT, "echo": True, "n": 2}, answer).body["usage"] == {
        "prompt_tokens": 1,
        "completion_tokens": 3,
        "total_tokens": 4,
        "estimated": True,
    }
    ids = decode("openai", {**PROMPT, "prompt": [5, 6, 7]}, {"choices": [{"text": "abcd"}]})
    assert ids.body["usage"]["prompt_tokens"] == 3


@pytest.mark.parametrize("form", ["openai", "messages"])
async def test_several_prompts_stream_as_one_answer(form: str) -> None:
    """Each prompt's chunks carry its own indexes, all one id; the counts come once, added up."""
    chat = form == "messages"

    def streamed(*texts: str) -> list[bytes]:
        named = [{"delta": {"content": text}} if chat else {"text": text} for text in texts]
        records = [chunk({**choice, "index": i}) for i, choice in enumerate(named)]
        ends = [chunk({**named[0], "index": i, "finish_reason": "stop"}) for i in (0, 1)]
        return [sse(*records, *ends, {"id": "up", "choices": [], "usage": COUNTS})]

    invoker = ScriptedInvoker(streams=[streamed("a", "b"), streamed("c", "d")])
    asked = {**PROMPT, "prompt": ["x", "y"], "n": 2, "stream_options": {"include_usage": True}}
    answers = await endpoint(form, invoker).stream("completion", asked, Limits())
    chunks = await collect(answers)
    assert [text_of(chunks, index) for index in range(4)] == ["aa", "ba", "cc", "dc"]
    assert len({each["id"] for each in chunks}) == 1
    assert {each["object"] for each in chunks} == {"text_completion"}
    assert [each["usage"] for each in chunks if not each["choices"]] == [
        {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}
    ]


async def test_a_container_that_does_not_stream_is_not_asked_to_again() -> None:
    """After one whole completion for an answer the next stream is faked from the start."""
    whole = {"choices": [{"text": "a b", "finish_reason": "stop"}], "usage": COUNTS}
    invoker = ScriptedInvoker(streams=[[sse(whole, end=b"")[len("data: ") :]]], replies=[whole])
    called = endpoint("openai", invoker)
    for _ in range(2):
        answers = await called.stream("completion", PROMPT, Limits())
        assert text_of(await collect(answers)) == "a b"
    assert invoker.operations == ["open_stream", "invoke"]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({**CHAT, "tools": [{}], "stop": "x", "seed": 1}, ["seed", "stop", "tools"]),
        ({**CHAT, "n": 2, "response_format": {"type": "json_object"}}, ["n", "response_format"]),
        ({**PROMPT, "echo": True, "n": 2, "seed": 1, "stop": "x"}, ["echo", "n", "seed", "stop"]),
        ({**PROMPT, "suffix": "x", "best_of": 2, "presence_penalty": 1}, ["best_of", "suffix"]),
    ],
)
def test_nova_names_what_it_lacks(params: Json, names: list[str]) -> None:
    """OpenAI's parameters that Nova lacks are a 400 that names them, dropped with `drop_params`."""
    with pytest.raises(UnsupportedParameter) as caught:
        bodies("nova", params)
    for name in names:
        assert f"'{name}'" in caught.value.message
        assert name not in bodies("nova", params, drop_unsupported=True)[0]
        assert name in bodies("nova", params, drop_unsupported=True, allowed=frozenset({name}))[0]


def test_choices_are_numbered_by_what_is_sent() -> None:
    """A dropped `n` is one choice for each prompt."""
    params = {**PROMPT, "prompt": ["a", "b", "c"], "n": 2}
    policies: tuple[tuple[str, Json], ...] = (
        ("nova", {"drop_unsupported": True}),
        ("openai", {"dropped": frozenset({"n"})}),
        ("messages", {"dropped": frozenset({"n"})}),
    )
    for form, policy in policies:
        assert [payload.choice for payload in encode(form, params, **policy)] == [0, 1, 2]
    assert [payload.choice for payload in encode("openai", params)] == [0, 2, 4]


@pytest.mark.parametrize("form", ["messages", "nova"])
@pytest.mark.parametrize("prompt", [[1, 2], [[1], [2]]])
def test_token_ids_go_only_to_containers_that_take_them(form: str, prompt: Any) -> None:
    """Where a prompt must be text, token ids are a 400 that names the parameter."""
    with pytest.raises(InvalidRequest) as caught:
        encode(form, {**PROMPT, "prompt": prompt})
    assert (caught.value.status, caught.value.param) == (400, "prompt")


async def test_one_short_record_does_not_turn_streaming_off() -> None:
    """A single token is a whole answer of a container that streams, too."""
    record = b'{"choices":[{"index":0,"text":"a","finish_reason":"length"}]}\n'
    called = endpoint("openai", ScriptedInvoker(streams=[[record]]))
    answers = await called.stream("completion", {**PROMPT, "max_tokens": 1}, Limits())
    assert text_of(await collect(answers)) == "a"
    assert not called.memory.refused


@pytest.mark.parametrize("form", ["openai", "nova"])
def test_chats_name_for_the_limit_is_said_as_completions_do(form: str) -> None:
    """`max_completion_tokens` bounds a completion too: containers know `max_tokens` only."""
    body = bodies(form, {**PROMPT, "max_tokens": 9, "max_completion_tokens": 2})[0]
    assert body["max_tokens"] == 2
    assert "max_completion_tokens" not in body
