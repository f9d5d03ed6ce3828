import httpx
import openai
import pytest
from openai import OpenAI

from tests.real import asking
from tests.real.asking import CAPITAL
from tests.real.continuing import COUNTING, QUESTION, Continue, streamed, whole
from tests.real.runtime import CONTEXT

pytestmark = pytest.mark.real

both_ways = pytest.mark.parametrize("ask", [whole, streamed])
#: The routes to the model's own completions, and to completions over its chat.
NATIVE, OVER_CHAT = "gemma-native", "gemma"
over_both = pytest.mark.parametrize("model", [NATIVE, OVER_CHAT])
#: The same question for both: over chat the template is written around it.
BY_MODEL = {NATIVE: QUESTION, OVER_CHAT: "What is the capital of France?"}
PROMPTS = [COUNTING, QUESTION, "Monday, Tuesday,"]


def ids_of(container: str, text: str) -> list[int]:
    """What the model's own tokenizer makes of a text, with the begin mark."""
    reply = httpx.post(
        f"{container}/tokenize", json={"content": text, "add_special": True}, trust_env=False
    )
    found: list[int] = reply.raise_for_status().json()["tokens"]
    return found


@both_ways
def test_a_prompt_is_continued_as_it_is(client: OpenAI, ask: Continue) -> None:
    """The model's own completion gets the prompt without any template around it."""
    assert ask(client, COUNTING, max_tokens=5).texts == [" three, four, five"]


@over_both
def test_a_stream_says_what_a_whole_completion_says(client: OpenAI, model: str) -> None:
    """With temperature 0 the joined chunks are the whole text, finish reason and counts."""
    chunks, answer = (ask(client, QUESTION, model, max_tokens=16) for ask in (streamed, whole))
    assert chunks.texts == answer.texts
    assert chunks.reasons == answer.reasons
    assert chunks.counts == answer.counts


@both_ways
def test_completions_over_chat_are_the_chats(client: OpenAI, ask: Continue) -> None:
    """Over chat a prompt is one user message: the same words and counts as the chat's."""
    chat = asking.whole(client, CAPITAL, max_tokens=12)
    answer = ask(client, "What is the capital of France?", OVER_CHAT, max_tokens=12)
    assert answer.texts == [chat.text]
    assert chat.usage is not None
    assert answer.counts[:2] == (chat.usage.prompt_tokens, chat.usage.completion_tokens)


@over_both
@both_ways
def test_a_list_of_prompts_is_answered_in_order(client: OpenAI, ask: Continue, model: str) -> None:
    """Each prompt of a list gets the choice that it gets alone; the counts are the sums."""
    alone = [whole(client, prompt, model, max_tokens=6) for prompt in PROMPTS]
    together = ask(client, PROMPTS, model, max_tokens=6)
    assert together.texts == [answer.texts[0] for answer in alone]
    assert together.reasons == [answer.reasons[0] for answer in alone]
    sums = tuple(map(sum, zip(*(answer.counts for answer in alone), strict=True)))
    assert together.counts == sums


@over_both
@both_ways
def test_a_stop_sequence_ends_the_completion(client: OpenAI, ask: Continue, model: str) -> None:
    """`stop` reaches the model: the reason is `stop`, and the text is without the sequence."""
    answer = ask(client, BY_MODEL[model], model, max_tokens=24, stop=["\n"])
    assert (answer.texts, answer.reasons) == ([" Paris"], ["stop"])


@over_both
@both_ways
def test_max_tokens_ends_the_completion(client: OpenAI, ask: Continue, model: str) -> None:
    """`max_tokens` reaches the model: the reason is `length`, and exactly so many are counted."""
    answer = ask(client, COUNTING, model, max_tokens=4)
    assert answer.reasons == ["length"]
    prompt, generated, total = answer.counts
    assert (generated, total) == (4, prompt + 4)


@pytest.mark.parametrize(
    "model",
    [
        NATIVE,
        OVER_CHAT,
        "gemma-tgi",
        "gemma-unnamed",
    ],
)
def test_usage_comes_once(client: OpenAI, model: str) -> None:
    """Only a stream's last chunk, which has no choices, has usage: clients add it up."""
    chunks = client.completions.create(
        model=model,
        prompt=COUNTING,
        max_tokens=3,
        stream=True,
        stream_options={"include_usage": True},
    )
    *others, last = list(chunks)
    assert last.usage is not None
    assert not last.choices
    assert [chunk.usage for chunk in others] == [None] * len(others)


@both_ways
def test_counts_of_prompts_are_the_tokenizers(
    client: OpenAI, container: str, ask: Continue
) -> None:
    """A prompt's count is what the model's own tokenizer makes of it."""
    assert ask(client, QUESTION, max_tokens=1).counts[0] == len(ids_of(container, QUESTION))


@both_ways
def test_token_ids_are_a_prompt(client: OpenAI, container: str, ask: Continue) -> None:
    """Token ids are continued as their text is; so is a list of lists of them, in order."""
    first, second = (ids_of(container, text) for text in (COUNTING, QUESTION))
    texts = ask(client, [COUNTING, QUESTION], max_tokens=5).texts
    assert ask(client, first, max_tokens=5).texts == texts[:1]
    assert ask(client, [first, second], max_tokens=5).texts == texts


@pytest.mark.parametrize("model", [OVER_CHAT, "gemma-tgi", "gemma-unnamed"])
@both_ways
def test_token_ids_need_native_completions(client: OpenAI, ask: Continue, model: str) -> None:
    """Where prompts become messages or `inputs`, token ids are a 400 that names the parameter."""
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, [2, 818], model, max_tokens=1)
    assert refused.value.param == "prompt"


@both_ways
@pytest.mark.parametrize("model", [OVER_CHAT, "gemma-tgi", "gemma-unnamed"])
def test_an_echo_is_the_prompt_and_the_answer(client: OpenAI, ask: Continue, model: str) -> None:
    """With `echo` the prompt stands before the words that are said without it, for each prompt."""
    plain = ask(client, PROMPTS, model, max_tokens=4)
    echoed = ask(client, PROMPTS, model, max_tokens=4, echo=True)
    assert echoed.texts == [a + b for a, b in zip(PROMPTS, plain.texts, strict=True)]
    assert echoed.counts == plain.counts


def test_log_probabilities_over_chat_are_the_models(client: OpenAI) -> None:
    """Over chat the model's log probabilities come in the layout of completions."""
    (choice,) = client.completions.create(
        model=OVER_CHAT, prompt=BY_MODEL[OVER_CHAT], max_tokens=4, temperature=0, logprobs=2
    ).choices
    scores = choice.logprobs
    assert scores is not None
    tokens, likely = scores.tokens or [], scores.top_logprobs or []
    assert "".join(tokens) == choice.text
    assert scores.text_offset == [len("".join(tokens[:place])) for place in range(4)]
    for token, score, others in zip(tokens, scores.token_logprobs or [], likely, strict=True):
        assert others is not None
        assert len(others) == 2
        assert others[token] == score == max(others.values()) <= 0


@both_ways
def test_an_oversized_prompt_is_a_context_error(client: OpenAI, ask: Continue) -> None:
    """A prompt beyond the model's context is a 400 with OpenAI's code, with a stream too."""
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "word " * CONTEXT, max_tokens=5)
    assert refused.value.code == "context_length_exceeded"
