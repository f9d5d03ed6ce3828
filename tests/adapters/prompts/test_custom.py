from __future__ import annotations

import pytest

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.prompts.custom import custom_prompt


def test_marks_stand_around_each_role_between_two_ends() -> None:
    """Initial, then each message between its role's halves, then final."""
    prompt = custom_prompt(
        roles={
            "user": {"pre_message": "<|user|>\n", "post_message": "\n"},
            "assistant": {"pre_message": "<|assistant|>\n", "post_message": "</s>\n"},
        },
        initial_prompt_value="\n",
        final_prompt_value="<|assistant|>\n",
    )
    messages: list[Json] = [
        {"role": "user", "content": "U"},
        {"role": "assistant", "content": "A"},
        {"role": "user", "content": [{"type": "text", "text": "U2"}]},
    ]
    assert prompt.render(messages) == (
        "\n<|user|>\nU\n<|assistant|>\nA</s>\n<|user|>\nU2\n<|assistant|>\n"
    )


def test_a_missing_role_or_half_is_empty() -> None:
    """Nothing configured, a null, or one half only: the text stands bare on that side."""
    prompt = custom_prompt(roles={"user": {"pre_message": "> ", "post_message": None}})
    messages: list[Json] = [
        {"role": "tool", "content": "t"},
        {"role": "user", "content": "u"},
        {"content": "x"},
    ]
    assert prompt.render(messages) == "t> ux"
    assert custom_prompt(final_prompt_value="!").render(messages) == "tux!"


def test_the_developer_speaks_as_the_system_unless_it_has_marks() -> None:
    """`developer` is OpenAI's newer name of `system`."""
    messages: list[Json] = [{"role": "developer", "content": "d"}]
    system = {"pre_message": "S:"}
    assert custom_prompt(roles={"system": system}).render(messages) == "S:d"
    own = custom_prompt(roles={"system": system, "developer": {"pre_message": "D:"}})
    assert own.render(messages) == "D:d"


def test_messages_without_text_are_refused() -> None:
    """Marks alone are no prompt: 400."""
    with pytest.raises(InvalidRequest):
        custom_prompt(initial_prompt_value="x").render([{"role": "user", "content": None}])
