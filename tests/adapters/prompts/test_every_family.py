"""What holds for each built-in family, whatever its marks are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from adapters.base import Json, Prompt
from adapters.prompts import cards, guard
from adapters.prompts.guard import Moderation
from adapters.prompts.layout import Layout
from tests.adapters.prompts.conversations import assistant, parts, system, user

EVERY: Final[dict[str, Prompt]] = {
    name: value
    for module in (cards, guard)
    for name, value in vars(module).items()
    if isinstance(value, Layout | Moderation)
}
#: Those that open the answer otherwise than they tell of an earlier one.
OWN_OPENINGS: Final = {
    "CODELLAMA_70B": "Source: assistant\nDestination: user\n\n ",
    "LLAMA_GUARD_7B": "violated categories. [/INST]",
    "LLAMA_GUARD_3_8B": "<|start_header_id|>assistant<|end_header_id|>",
    "LLAMA_GUARD_3_1B": "<|start_header_id|>assistant<|end_header_id|>",
}
CALL: Final[Json] = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Riga"}'},
}
CALL_TEXT: Final = (
    '[{"id":"call_1","type":"function",'
    '"function":{"name":"weather","arguments":"{\\"city\\":\\"Riga\\"}"}}]'
)
every = pytest.mark.parametrize("name", EVERY)


@every
def test_the_prompt_ends_where_the_answer_begins(name: str) -> None:
    """It ends as the text before an earlier answer does (but for that answer's space)."""
    asked = EVERY[name].render([user("question")])
    if name in OWN_OPENINGS:
        assert asked.endswith(OWN_OPENINGS[name])
        return
    told = EVERY[name].render([user("question"), assistant("answer"), user("more")])
    assert told.partition("answer")[0].rstrip(" ") == asked.rstrip(" ")


@every
def test_each_text_is_said_once_and_in_order(name: str) -> None:
    """System, user and assistant stand in the prompt once each, in the conversation's order."""
    texts = ["s-text", "u-text", "a-text", "v-text"]
    said = [system(texts[0]), user(texts[1]), assistant(texts[2]), user(texts[3])]
    prompt = EVERY[name].render(said)
    places = [prompt.index(text) for text in texts]
    assert places == sorted(places)
    assert [prompt.count(text) for text in texts] == [1, 1, 1, 1]


@every
@pytest.mark.parametrize("say", [system, user, assistant])
def test_neighbours_of_one_role_are_merged(name: str, say: Callable[[str], Json]) -> None:
    """Two messages of one role in a row are one turn, a blank line between the texts."""
    apart = EVERY[name].render([user("q"), assistant("r"), say("one"), say("two"), user("u")])
    joined = EVERY[name].render([user("q"), assistant("r"), say("one\n\ntwo"), user("u")])
    assert apart == joined


@every
def test_list_content_tools_and_null_are_survived(name: str) -> None:
    """Parts are joined, calls are JSON, a tool speaks as the user; null says nothing at all."""
    messages: list[Json] = [
        {"role": "developer", "content": parts("Be ", "brief.")},
        {"role": "user", "content": parts("Is it ", "warm?")},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": parts("31 ", "degrees")},
        {"role": "assistant", "content": None},
        {"role": "user", "content": []},
    ]
    prompt = EVERY[name].render(messages)
    plain = [system("Be brief."), user("Is it warm?"), assistant(CALL_TEXT), user("31 degrees")]
    assert prompt == EVERY[name].render(plain)
    assert "null" not in prompt
    assert "None" not in prompt


@every
def test_nothing_of_a_message_is_a_pattern(name: str) -> None:
    """Braces, percent signs and backslashes are written as they are."""
    text = r"{role} {0} {{x}} %s \1 $1"
    assert text in EVERY[name].render([user(text)])
