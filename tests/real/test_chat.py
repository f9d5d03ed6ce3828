import json
from collections.abc import Callable

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.real.asking import CAPITAL, Answer, copying, streamed, whole
from tests.real.runtime import CONTEXT

pytestmark = pytest.mark.real

Ask = Callable[..., Answer]
both_ways = pytest.mark.parametrize("ask", [whole, streamed])


@both_ways
def test_a_question_is_answered(client: OpenAI, ask: Ask) -> None:
    """The model's own words reach the client, whole and in chunks."""
    assert "Paris" in ask(client, CAPITAL, max_tokens=8).text


def test_a_stream_says_what_a_whole_answer_says(client: OpenAI) -> None:
    """With temperature 0 and a seed, the joined chunks are the whole answer, finish and counts."""
    stream, answer = (ask(client, CAPITAL, max_tokens=24) for ask in (streamed, whole))
    assert (stream.text, stream.finish_reason) == (answer.text, answer.finish_reason)
    assert stream.usage is not None
    assert answer.usage is not None
    for field in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert getattr(stream.usage, field) == getattr(answer.usage, field)


def test_an_answer_cut_into_chunks_says_the_same(client: OpenAI) -> None:
    """Fake streaming of a real answer loses no byte of it."""
    cut = streamed(client, CAPITAL, model="gemma-cut", max_tokens=24)
    assert cut.text == whole(client, CAPITAL, max_tokens=24).text


@both_ways
def test_a_stop_sequence_ends_the_answer(client: OpenAI, ask: Ask) -> None:
    """`stop` reaches the model: the reason is `stop`, and the text is without the sequence."""
    answer = ask(client, CAPITAL, max_tokens=24, stop=["\n"])
    assert answer.finish_reason == "stop"
    assert answer.text.strip() == "Paris"


@both_ways
def test_max_tokens_ends_the_answer(client: OpenAI, ask: Ask) -> None:
    """`max_tokens` reaches the model: the reason is `length`, and exactly so many are counted."""
    answer = ask(client, CAPITAL, max_tokens=5)
    assert answer.finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 5


@both_ways
def test_a_system_message_is_heard(client: OpenAI, ask: Ask) -> None:
    """What only the system message says is in the answer."""
    question: ChatCompletionMessageParam = {
        "role": "user",
        "content": "What is the colour of the house of Zorblax?",
    }
    told: ChatCompletionMessageParam = {
        "role": "system",
        "content": "The colour of the house of Zorblax is purple.",
    }
    assert "urple" in ask(client, [told, question], max_tokens=12).text
    assert "urple" not in ask(client, [question], max_tokens=12).text


@both_ways
@pytest.mark.parametrize("text", ["Grüße 😀", "你好世界", "Привет 🦖", "नमस्ते"])
def test_every_script_passes_unharmed(client: OpenAI, ask: Ask, text: str) -> None:
    """What is not ASCII reaches the model and comes back, in a conversation of several turns."""
    assert ask(client, copying(text), max_tokens=24, stop=["\n"]).text.strip() == text


@both_ways
def test_a_parameter_of_the_container_reaches_it(client: OpenAI, ask: Ask) -> None:
    """What OpenAI does not know passes as it is: llama.cpp's `grammar` decides the answer."""
    rome = {"grammar": 'root ::= " Rome"'}
    assert ask(client, CAPITAL, max_tokens=8, extra_body=rome).text == " Rome"


@both_ways
def test_a_schema_is_kept(client: OpenAI, ask: Ask) -> None:
    """`response_format` reaches the model: the answer is JSON of the schema's shape."""
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["Paris", "Rome"]}},
        "required": ["city"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "capital", "schema": schema}}
    answer = ask(client, CAPITAL, max_tokens=100, response_format=wanted)
    assert json.loads(answer.text) == {"city": "Paris"}


@both_ways
def test_an_oversized_prompt_is_a_context_error(client: OpenAI, ask: Ask) -> None:
    """A prompt beyond the model's context is a 400 with OpenAI's code, with a stream too."""
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "word " * CONTEXT}]
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, messages, max_tokens=5)
    assert refused.value.code == "context_length_exceeded"
