"""/completions on every dialect: prompts letter for letter, in every form that OpenAI has."""

import json
from typing import Any

import openai
import pytest

from tests.live.dialects.containers import DIALECTS, HOSTILE, Dialect
from tests.live.dialects.test_answers import USAGE, assert_honest, usage_of
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, Json, error_of

pytestmark = pytest.mark.xdist_group("dialects")
PROMPT = "  Köln\n\tlies <s>on</s> the {{ river }} 🌍 "
#: OpenAI's completions end after 16 tokens unless they are told otherwise.
ROOM = {"max_tokens": 100}

#: A dialog container takes no bare prompt; that of `raw` takes OpenAI's.
TAKERS = [each for each in DIALECTS if not each.name.endswith("-f")]
each_taker = pytest.mark.parametrize("dialect", TAKERS, ids=lambda dialect: dialect.name)
NATIVE = {"openai", "nova", "raw"}


def sent_prompt(dialect: Dialect, body: Json) -> Any:
    """The prompt in a container's body."""
    if dialect.column == "chat":
        assert [message["role"] for message in body["messages"]] == ["user"]
        return body["messages"][0]["content"]
    return body["prompt"] if dialect.column in NATIVE else body["inputs"]


@each_taker
def test_the_prompt_arrives_untouched(
    gateway: Gateway, emulated: Emulated, dialect: Dialect
) -> None:
    """The container sees the prompt letter for letter: no template, no mark, nothing trimmed."""
    answer = gateway.complete(dialect.name, PROMPT, **ROOM)
    body = answer.json()

    assert answer.status_code == 200, answer.text
    assert sent_prompt(dialect, emulated.body()) == PROMPT
    assert (body["object"], body["model"]) == ("text_completion", dialect.name)
    assert body["id"].startswith("cmpl-")
    assert "the {{ river }} 🌍" in body["choices"][0]["text"]
    assert body["choices"][0]["finish_reason"] == "stop"
    assert_honest(body["usage"], dialect.whole)


@each_taker
def test_the_stream_is_the_completion(gateway: Gateway, dialect: Dialect) -> None:
    """The pieces joined are the whole text, its reason and its counts too."""
    name = f"{dialect.name}-hostile"
    whole = gateway.complete(name, PROMPT, max_tokens=1000).json()
    stream = gateway.stream_completion(name, PROMPT, max_tokens=1000, **USAGE)

    assert whole["choices"][0]["text"] == stream.completion() == HOSTILE
    assert stream.finishes() == ["stop"] == [whole["choices"][0]["finish_reason"]]
    assert stream.done
    assert {chunk["object"] for chunk in stream.chunks} == {"text_completion"}
    assert len({chunk["id"] for chunk in stream.chunks}) == 1
    assert_honest(usage_of(stream), dialect.streamed)


@each_taker
def test_several_prompts(gateway: Gateway, emulated: Emulated, dialect: Dialect) -> None:
    """A list of prompts takes a call for each; the choices come in the prompts' order."""
    prompts = ["first prompt", "second prompt", "third prompt"]
    if dialect.column == "raw":
        prompts = prompts[:1]  # one request is one call, as it was given
    answer = gateway.complete(dialect.name, prompts, **ROOM).json()
    calls = [sent_prompt(dialect, json.loads(each["body"])) for each in emulated.requests()]
    stream = gateway.stream_completion(dialect.name, prompts, **ROOM)

    assert sorted(calls, key=str) == sorted(prompts if dialect.column != "raw" else [prompts])
    assert [choice["index"] for choice in answer["choices"]] == list(range(len(prompts)))
    for choice, prompt in zip(answer["choices"], prompts, strict=True):
        assert prompt in choice["text"] == stream.completion(choice["index"])
    assert stream.done


@pytest.mark.parametrize("name", ["tgi-unset", "lmi-json", "chat-vllm", "openai-vllm"])
def test_choices_of_several_prompts(gateway: Gateway, name: str) -> None:
    """`n` choices of each prompt: those of the first, then those of the second."""
    prompts = ["first prompt", "second prompt"]
    answer = gateway.complete(name, prompts, n=2, **ROOM).json()
    stream = gateway.stream_completion(name, prompts, n=2, **ROOM)

    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    for choice in answer["choices"]:
        assert prompts[choice["index"] // 2] in choice["text"]
        assert stream.completion(choice["index"]) == choice["text"]


@each_taker
@pytest.mark.parametrize("prompt", [[1, 2, 3], [[1, 2], [3]]], ids=["ids", "lists"])
def test_token_ids(
    gateway: Gateway, emulated: Emulated, dialect: Dialect, prompt: list[Any]
) -> None:
    """A container with OpenAI's completions takes token ids; elsewhere they are a clear 400."""
    answer = gateway.complete(dialect.name, prompt, **ROOM)

    if dialect.name == "openai-vllm":
        several = isinstance(prompt[0], list)
        assert answer.status_code == 200
        assert [json.loads(each["body"])["prompt"] for each in emulated.requests()] == (
            prompt if several else [prompt]
        )
        assert len(answer.json()["choices"]) == (2 if several else 1)
    elif dialect.name == "raw-chat":
        assert emulated.body()["prompt"] == prompt
    elif dialect.name == "openai-tgi-3":
        assert answer.status_code == 422  # the container's own refusal
    else:
        assert (answer.status_code, error_of(answer)["param"]) == (400, "prompt")
        assert emulated.requests() == []


@each_taker
def test_echo(gateway: Gateway, dialect: Dialect) -> None:
    """`echo` puts the prompt before the text, whole and streamed; Nova has none."""
    answer = gateway.complete(dialect.name, PROMPT, echo=True, **ROOM)
    if dialect.column == "nova":
        assert (answer.status_code, error_of(answer)["param"]) == (400, "echo")
        return
    stream = gateway.stream_completion(dialect.name, PROMPT, echo=True, **ROOM)

    text = answer.json()["choices"][0]["text"]
    assert text.startswith(PROMPT + " You said")
    assert stream.completion() == text
    assert stream.done


@pytest.mark.parametrize("name", ["tgi", "lmi-json", "chat-vllm", "openai-vllm", "nova"])
def test_log_probabilities(gateway: Gateway, name: str) -> None:
    """`logprobs` gives tokens, their numbers and their places in the text, whole and streamed."""
    choice = gateway.complete(name, "Where?", logprobs=2, **ROOM).json()["choices"][0]
    stream = gateway.stream_completion(name, "Where?", logprobs=2, **ROOM)

    told = choice["logprobs"]
    parts = [each["logprobs"] for chunk in stream.chunks for each in chunk["choices"]]
    assert "".join(told["tokens"]) == choice["text"]
    for token, offset in zip(told["tokens"], told["text_offset"], strict=True):
        assert choice["text"][offset : offset + len(token)] == token
    for key in ("tokens", "text_offset"):
        joined = [each for part in parts if part for each in part[key]]
        assert joined == told[key][: len(joined)]
        assert len(told[key]) - len(joined) <= 1  # an end mark without a text
    assert all(number < 0 for number in told["token_logprobs"])


@pytest.mark.parametrize(
    ("name", "sent", "remedy"),
    [
        ("tgi-unset", {"suffix": "x"}, "format: openai"),
        ("tgi", {"suffix": "x"}, "format: openai"),
        ("lmi-json", {"suffix": "x"}, "format: openai"),
        ("chat-vllm", {"suffix": "x"}, "format: openai"),
        ("chat-vllm", {"best_of": 2}, "format: openai"),
        ("tgi-unset", {"best_of": 2}, "allowed_openai_params"),
        ("lmi-static", {"best_of": 2}, "allowed_openai_params"),
        ("tgi-unset", {"logprobs": 1}, "format: tgi"),
        ("lmi-static", {"logprobs": 0}, "format: lmi"),
        ("llama-2-7b", {"logprobs": 1}, "format: tgi"),
        ("nova", {"suffix": "x"}, "drop_params"),
        ("nova", {"best_of": 2}, "drop_params"),
        ("tgi", {"logprobs": 1, "echo": True}, "leave out 'echo' or 'logprobs'"),
        ("chat-vllm", {"logprobs": 1, "echo": True}, "leave out 'echo' or 'logprobs'"),
    ],
)
def test_what_a_container_can_t_do(
    gateway: Gateway, emulated: Emulated, name: str, sent: Json, remedy: str
) -> None:
    """`suffix`, `best_of` and `logprobs` are a 400 with a remedy where the container has none."""
    answer = gateway.complete(name, "Where?", **sent)

    assert answer.status_code == 400, answer.text
    assert error_of(answer)["param"] in sent
    assert remedy in error_of(answer)["message"]
    assert emulated.requests() == []


@pytest.mark.parametrize("name", ["tgi", "lmi-json"])
def test_best_of(gateway: Gateway, emulated: Emulated, name: str) -> None:
    """`best_of` is a parameter of TGI and of LMI."""
    assert gateway.complete(name, "Where?", best_of=2).status_code == 200

    assert emulated.body()["parameters"]["best_of"] == 2


def test_the_container_s_own_refusal(gateway: Gateway, emulated: Emulated) -> None:
    """`sagemaker/openai/` passes `suffix` on; what vLLM says to it is the client's 400."""
    answer = gateway.complete("openai-vllm", "Where?", suffix="x")

    assert emulated.body()["suffix"] == "x"
    assert (answer.status_code, error_of(answer)["message"]) == (
        400,
        "suffix is not currently supported",
    )


def test_a_container_that_only_chats(gateway: Gateway) -> None:
    """`sagemaker_chat/` completes prompts even where the container refuses `prompt`."""
    assert "Where?" in gateway.complete("plain-vllm", "Where?").json()["choices"][0]["text"]


@each_taker
def test_the_official_client(sdk: openai.OpenAI, dialect: Dialect) -> None:
    """`client.completions.create` works with every dialect, whole and streamed."""
    whole = sdk.completions.create(model=dialect.name, prompt="Where is it?", max_tokens=100)
    stream = sdk.completions.create(
        model=dialect.name, prompt="Where is it?", max_tokens=100, stream=True
    )
    pieces = [choice.text for chunk in stream for choice in chunk.choices]

    assert "".join(pieces) == whole.choices[0].text
    assert "Where is it?" in whole.choices[0].text
    assert whole.usage is not None
    assert whole.usage.completion_tokens > 0
