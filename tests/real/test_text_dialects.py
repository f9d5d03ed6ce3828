import json
from collections.abc import Callable

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.real import continuing
from tests.real.asking import CAPITAL, Answer, copying, streamed, whole
from tests.real.continuing import COUNTING, QUESTION, Continue
from tests.real.runtime import CONTEXT

pytestmark = pytest.mark.real

Ask = Callable[..., Answer]
both_ways = pytest.mark.parametrize("ask", [whole, streamed])
#: `gemma-tgi` has the container's template as Jinja, `gemma-unnamed` as LiteLLM's `roles`.
TGI, UNNAMED = "gemma-tgi", "gemma-unnamed"
over_text = pytest.mark.parametrize("model", [TGI, UNNAMED])
TALK: tuple[ChatCompletionMessageParam, ...] = (
    {"role": "system", "content": "Geography, in one word."},
    {"role": "user", "content": "What is the capital of Italy?"},
    {"role": "assistant", "content": "Rome"},
    {"role": "user", "content": "What is the capital of Österreich?"},
)


def counts(answer: Answer) -> tuple[int, int, int]:
    """Tokens of the prompt, of the answer, and together."""
    assert answer.usage is not None
    usage = answer.usage
    return usage.prompt_tokens, usage.completion_tokens, usage.total_tokens


@over_text
@both_ways
@pytest.mark.parametrize("talk", [CAPITAL, TALK], ids=["question", "talk"])
def test_a_template_says_what_the_container_says(
    client: OpenAI, ask: Ask, model: str, talk: tuple[ChatCompletionMessageParam, ...]
) -> None:
    """With the container's own template here, `inputs` are answered as `messages` are."""
    text = ask(client, talk, model, max_tokens=12)
    chat = ask(client, talk, max_tokens=12)
    assert text.text == chat.text
    if model == TGI or ask is streamed:  # else the container is not asked for its reason
        assert text.finish_reason == chat.finish_reason


def test_a_whole_answer_without_details_claims_no_length(client: OpenAI) -> None:
    """An unnamed container is not asked for its reason: `stop`, and estimates that say so."""
    answer = whole(client, CAPITAL, UNNAMED, max_tokens=4)
    assert answer.finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.to_dict()["estimated"] is True


@over_text
def test_a_streams_counts_are_exact(client: OpenAI, model: str) -> None:
    """A stream's record of the end counts prompt and answer, as the model's chat counts them."""
    assert counts(streamed(client, TALK, model, max_tokens=9)) == counts(
        whole(client, TALK, max_tokens=9)
    )


def test_a_whole_answers_counts_are_exact(client: OpenAI) -> None:
    """With `decoder_input_details` whole answers count as the model's chat counts."""
    prefill = {"decoder_input_details": True}
    asked = whole(client, TALK, TGI, max_tokens=9, extra_body=prefill)
    assert counts(asked) == counts(whole(client, TALK, max_tokens=9))
    assert asked.usage is not None
    assert "estimated" not in asked.usage.to_dict()


def test_whole_answers_tokens_are_counted(client: OpenAI) -> None:
    """Details count the answer's tokens; the prompt's are an estimate, and it says so."""
    asked = whole(client, TALK, TGI, max_tokens=9)
    assert asked.finish_reason == "length"
    assert asked.usage is not None
    assert asked.usage.completion_tokens == 9
    assert asked.usage.to_dict()["estimated"] is True


def test_the_models_own_end_is_a_stop(client: OpenAI) -> None:
    """What a grammar ends is JSON without an end mark, `stop`, and of the same counts both ways."""
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["Paris", "Rome"]}},
        "required": ["city"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "capital", "schema": schema}}
    more = {"max_tokens": 60, "response_format": wanted}
    chunks, answer = (ask(client, CAPITAL, TGI, **more) for ask in (streamed, whole))
    assert json.loads(answer.text) == {"city": "Paris"}
    assert chunks.text == answer.text
    assert chunks.finish_reason == answer.finish_reason == "stop"
    assert counts(chunks)[1] == counts(answer)[1] < 60


@over_text
@both_ways
def test_a_stop_sequence_ends_the_answer(client: OpenAI, ask: Ask, model: str) -> None:
    """`stop` reaches the model, and the text is without the sequence, with which TGI ends it."""
    answer = ask(client, CAPITAL, model, max_tokens=24, stop=["\n"])
    assert (answer.text, answer.finish_reason) == (" Paris", "stop")


@both_ways
@pytest.mark.parametrize("stop", ["stion:", ["never said", "What is"]])
def test_a_stop_sequence_may_begin_anywhere(
    client: OpenAI, ask: Ask, stop: str | list[str]
) -> None:
    """In the midst of a token, or over several, it ends what the model's own chat ends there."""
    text = ask(client, CAPITAL, TGI, max_tokens=24, stop=stop)
    chat = ask(client, CAPITAL, max_tokens=24, stop=stop)
    assert (text.text, text.finish_reason) == (chat.text, "stop")
    assert counts(text)[1] == counts(chat)[1]


@pytest.mark.parametrize(
    ("model", "ask"),
    [(TGI, continuing.whole), (TGI, continuing.streamed), (UNNAMED, continuing.streamed)],
)
@pytest.mark.parametrize("prompt", [COUNTING, QUESTION, "  Grüße 😀 東京\n\n- ", "x"])
def test_prompts_arrive_letter_for_letter(
    client: OpenAI, ask: Continue, model: str, prompt: str
) -> None:
    """`/completions` over `inputs` are the model's own: the words, the reasons, the counts."""
    text = ask(client, prompt, model, max_tokens=6)
    native = ask(client, prompt, max_tokens=6)
    assert (text.texts, text.reasons) == (native.texts, native.reasons)
    assert text.counts[1] == native.counts[1]
    if ask is continuing.streamed:
        assert text.counts == native.counts


@pytest.mark.parametrize(
    ("model", "ask", "text"),
    [
        (TGI, whole, "Grüße 😀"),
        (TGI, streamed, "你好世界"),
        (UNNAMED, whole, "Привет 🦖"),
        (UNNAMED, streamed, "नमस्ते"),
    ],
)
def test_every_script_passes_unharmed(client: OpenAI, ask: Ask, model: str, text: str) -> None:
    """What is not ASCII is what the chat route says, byte for byte."""
    talk = copying(text)
    assert ask(client, talk, model, max_tokens=8).text == ask(client, talk, max_tokens=8).text


def test_log_probabilities_are_the_models(client: OpenAI) -> None:
    """TGI's log probabilities are those of the model's own chat, token by token."""
    found = []
    for model in (TGI, "gemma"):
        (choice,) = client.chat.completions.create(
            model=model,
            messages=CAPITAL,
            max_tokens=4,
            temperature=0,
            logprobs=True,
            top_logprobs=2,
        ).choices
        assert choice.logprobs is not None
        found.append(choice.logprobs.content or [])
    for text, chat in zip(*found, strict=True):
        assert text.token == chat.token
        assert text.logprob == pytest.approx(chat.logprob, abs=1e-4)
        for one, other in zip(text.top_logprobs, chat.top_logprobs, strict=True):
            assert one.token == other.token
            assert one.logprob == pytest.approx(other.logprob, abs=1e-4)


@both_ways
def test_an_oversized_prompt_is_a_context_error(client: OpenAI, ask: Ask) -> None:
    """TGI's refusal of what does not fit is a 400 with OpenAI's code, with a stream too."""
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "word " * CONTEXT}]
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, messages, TGI, max_tokens=5)
    assert refused.value.code == "context_length_exceeded"
