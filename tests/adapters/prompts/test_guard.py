from __future__ import annotations

import pytest

from adapters.base import Json, Prompt
from adapters.errors import InvalidRequest
from adapters.prompts.families import family_for
from tests.adapters.prompts.conversations import assistant, parts, system, user

GUARDS = ["meta-llama/LlamaGuard-7b", "meta-llama/Llama-Guard-3-8B", "meta-llama/Llama-Guard-3-1B"]


def guard(name: str) -> Prompt:
    prompt = family_for(name)
    assert prompt is not None
    return prompt


def conversation_in(text: str) -> str:
    return text.partition("<BEGIN CONVERSATION>\n\n")[2].partition("<END CONVERSATION>")[0]


@pytest.mark.parametrize("name", GUARDS)
def test_the_last_speaker_is_the_one_who_is_judged(name: str) -> None:
    """A user's last message is judged as `User`, an assistant's as `Agent`, in both places."""
    asked = guard(name).render([user("U"), assistant("A"), user("U2")])
    answered = guard(name).render([user("U"), assistant("A")])
    assert "'User' messages" in asked
    assert "'Agent' messages" in answered
    assert "'Agent'" not in asked
    assert "'User'" not in answered
    assert conversation_in(answered) == "User: U\n\nAgent: A\n\n"


def test_the_first_guard_judges_by_its_own_six_categories() -> None:
    """LlamaGuard-7b: O1 to O6 with what is allowed, between its model card's marks."""
    text = guard(GUARDS[0]).render([user("U")])
    assert text.startswith("[INST] Task: Check if there is unsafe content in 'User' messages in ")
    assert [f"\nO{i}: " in text for i in range(1, 8)] == [True] * 6 + [False]
    assert text.endswith(
        "Provide your safety assessment for User in the above conversation:\n"
        "- First line must read 'safe' or 'unsafe'.\n"
        "- If unsafe, a second line must include a comma-separated list of violated categories."
        " [/INST]"
    )


def test_the_third_guard_judges_only_the_last_message() -> None:
    """Llama-Guard-3: S1 to S14 (the small one knows no S14), and Llama-3's marks."""
    large, small = (guard(name).render([user("U")]) for name in GUARDS[1:])
    assert "S14: Code Interpreter Abuse.\n<END" in large
    assert "S13: Elections.\n<END" in small
    for text in (large, small):
        assert text.startswith("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nTask:")
        assert text.endswith("<|eot_id|><|start_header_id|>assistant<|end_header_id|>")
        assert "for ONLY THE LAST User message" in text


def test_the_begin_mark_can_be_left_to_the_container() -> None:
    """`add_bos: false` removes it, and nothing else."""
    without = family_for(GUARDS[1], add_bos=False)
    assert without is not None
    text = guard(GUARDS[1]).render([user("U")])
    assert "<|begin_of_text|>" + without.render([user("U")]) == text


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([system("S"), user("U")], "User: S\n\nU\n\n"),
        ([system("S"), assistant("A")], "User: S\n\nAgent: A\n\n"),
        ([system("S")], "User: S\n\n"),
        ([user("U"), system("S"), user(" V ")], "User: U\n\nS\n\n V\n\n"),
        ([assistant("A"), user("U")], "Agent: A\n\nUser: U\n\n"),
        ([{"role": "user", "content": parts("U", "{role}")}], "User: U{role}\n\n"),
    ],
)
def test_only_the_user_and_the_agent_speak(messages: list[Json], said: str) -> None:
    """What the system says is the user's; neighbours are merged; no turn is invented."""
    assert conversation_in(guard(GUARDS[0]).render(messages)) == said


def test_an_empty_conversation_is_refused() -> None:
    """Nothing to judge: 400."""
    with pytest.raises(InvalidRequest):
        guard(GUARDS[0]).render([user("")])
