from collections.abc import Mapping
from typing import Any

import pytest
from openai import OpenAI

from tests.real.continuing import Continue, streamed, whole

pytestmark = pytest.mark.real

both_ways = pytest.mark.parametrize("ask", [whole, streamed])
WARM: Mapping[str, Any] = {"temperature": 1.2, "seed": 7, "max_tokens": 8}
STORY = "Once upon a time there was"


def test_the_models_own_choices_stream_as_they_are_whole(pair: OpenAI) -> None:
    """Two choices that the model writes side by side are, joined, those of the whole answer."""
    chunks, answer = (ask(pair, STORY, n=2, **WARM) for ask in (streamed, whole))
    assert chunks.texts == answer.texts
    assert chunks.reasons == answer.reasons == ["length", "length"]
    assert chunks.counts == answer.counts


@both_ways
def test_the_models_own_choices_differ(pair: OpenAI, ask: Continue) -> None:
    """One seed gives two choices, and twice the same two."""
    first, second = (ask(pair, STORY, n=2, **WARM).texts for _ in range(2))
    assert first == second
    assert first[0] != first[1]


@both_ways
@pytest.mark.parametrize("model", ["gemma-tgi", "gemma-unnamed"])
def test_a_call_for_each_choice(client: OpenAI, ask: Continue, model: str) -> None:
    """Where a container gives one text, each choice is a call with the next seed, in order."""
    alone = [whole(client, STORY, model, **{**WARM, "seed": seed}) for seed in (7, 8)]
    together = ask(client, STORY, model, n=2, **WARM)
    assert together.texts == [answer.texts[0] for answer in alone]
    assert together.texts[0] != together.texts[1]


@both_ways
def test_several_choices_count_their_prompt_once(client: OpenAI, ask: Continue) -> None:
    """The answers' tokens are added up; the prompt's count as one."""
    one, two = (ask(client, STORY, "gemma-tgi", n=n, **WARM).counts for n in (1, 2))
    assert two == (one[0], 16, one[0] + 16)


@both_ways
def test_choices_of_several_prompts_stand_in_order(client: OpenAI, ask: Continue) -> None:
    """Two prompts with two choices each give four, those of the first prompt first."""
    prompts = [STORY, "The recipe for bread begins with"]
    alone = [ask(client, prompt, "gemma-tgi", n=2, **WARM).texts for prompt in prompts]
    assert ask(client, prompts, "gemma-tgi", n=2, **WARM).texts == alone[0] + alone[1]
