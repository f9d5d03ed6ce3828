"""The plain prompt layout."""

from __future__ import annotations

import pytest

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.prompts.plain import render


def test_texts_are_joined_with_newlines_and_nothing_is_invented() -> None:
    """Contents stand one under the other; null content gives tool calls, or nothing."""
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    messages: list[Json] = [
        {"role": "system", "content": " a "},
        {"role": "user", "content": [{"type": "text", "text": "b"}, {"text": "c"}]},
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "d"},
    ]
    expected = ' a \nbc\n[{"id":"c","function":{"name":"f","arguments":"{}"}}]\nd'
    assert render(messages) == expected


@pytest.mark.parametrize("content", ["", None, []])
def test_messages_without_text_are_refused(content: object) -> None:
    """A container is never sent an empty prompt: 400, naming the messages."""
    with pytest.raises(InvalidRequest) as caught:
        render([{"role": "user", "content": content}])
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    "part", [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text"}]
)
def test_anything_but_text_is_refused_by_its_place(part: dict[str, object]) -> None:
    """An image can't become a prompt: 400, naming the part."""
    with pytest.raises(InvalidRequest) as caught:
        render(
            [{"role": "user", "content": "x"}, {"role": "user", "content": [{"text": "y"}, part]}]
        )
    assert caught.value.param == "messages[1].content[1]"


def test_tool_calls_too_deep_to_be_written_are_refused() -> None:
    """They could be read, but not written: a 400, as with any other body."""
    calls: list[object] = []
    for _ in range(400):
        calls = [calls]
    with pytest.raises(InvalidRequest):
        render([{"role": "assistant", "content": None, "tool_calls": calls}])


@pytest.mark.parametrize("content", ["", None, []])
@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ({"tool_calls": [{"function": {"name": "f"}}]}, '[{"function":{"name":"f"}}]'),
        ({"function_call": {"name": "f"}}, '{"name":"f"}'),
    ],
)
def test_calls_without_text_are_told_however_they_are_written(
    content: object, calls: Json, told: str
) -> None:
    """Clients write null, an empty text or no parts beside calls, and some the older key."""
    assert render([{"role": "assistant", "content": content, **calls}]) == told


def test_a_refusal_in_the_history_is_text() -> None:
    """OpenAI's assistant has two kinds of parts, and both are words."""
    parts = [{"type": "refusal", "refusal": "No."}, {"type": "text", "text": " Sorry."}]
    assert render([{"role": "assistant", "content": parts}]) == "No. Sorry."
