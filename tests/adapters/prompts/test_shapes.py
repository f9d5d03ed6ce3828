"""A message reaches a template in the shape that the template reads."""

from __future__ import annotations

import pytest

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.prompts.jinja import ChatTemplate
from tests.adapters.prompts.conversations import assistant, parts, system, user

TEXT_ONLY = "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}"
PARTS_ONLY = (
    "{% for m in messages %}{{ m.role }}:{% for part in m.content %}{% if part.type == 'text' %}"
    "<{{ part.text }}>{% endif %}{% endfor %};{% endfor %}"
)
BOTH = (
    "{% for m in messages %}{{ m.role }}:{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for part in m.content %}<{{ part['text'] }}>{% endfor %}{% endif %};{% endfor %}"
)
#: As Llama 3.2 Vision: the system's content is written as it is.
BUT_THE_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ messages[0].content }};"
    "{% set messages = messages[1:] %}{% endif %}" + BOTH
)
#: As Gemma 3: the system's first part, and no other.
SYSTEMS_FIRST = (
    "{% if messages[0].role == 'system' %}[{{ messages[0].content[0].text }}]"
    "{% set messages = messages[1:] %}{% endif %}" + BOTH
)
MESSAGES: list[Json] = [
    {"role": "developer", "content": parts("S", "T")},
    user("U"),
    {"role": "assistant", "content": parts("A")},
    {"role": "user", "content": [{"text": "V"}, {"type": "text", "text": "W"}]},
]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (TEXT_ONLY, "system:ST;user:U;assistant:A;user:VW;"),
        (PARTS_ONLY, "system:<S><T>;user:<U>;assistant:<A>;user:<V><W>;"),
        (BOTH, "system:<S><T>;user:U;assistant:<A>;user:<V><W>;"),
        (SYSTEMS_FIRST, "[ST]user:U;assistant:<A>;user:<V><W>;"),
        (BUT_THE_SYSTEM, "ST;user:U;assistant:<A>;user:<V><W>;"),
    ],
)
def test_content_is_given_in_the_shape_that_is_read(source: str, text: str) -> None:
    """Parts as they are where they are read, else joined; a text is made a part where it must."""
    assert ChatTemplate(source).render(MESSAGES) == text


@pytest.mark.parametrize("source", [TEXT_ONLY, PARTS_ONLY, BOTH])
def test_an_image_is_refused_by_its_place(source: str) -> None:
    """A text container can't carry it, whether or not the template has a mark for it."""
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    with pytest.raises(InvalidRequest) as caught:
        ChatTemplate(source).render([{"role": "user", "content": [*parts("U"), image]}])
    assert (caught.value.param, caught.value.code) == (
        "messages[0].content[1]",
        "unsupported_content",
    )


def test_refused_parts_are_merged_as_texts_and_given_as_parts_again() -> None:
    """A strict template that reads parts only gets the merged text as one part."""
    strict = (
        "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('no') }}{% endif %}{% endfor %}"
    )
    messages = [system("S"), {"role": "user", "content": parts("U", "V")}, user("W")]
    assert ChatTemplate(strict + PARTS_ONLY).render(messages) == "user:<S\n\nUV\n\nW>;"


CALL: Json = {
    "id": "c",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Riga"}'},
}
CALLS = "{{ m.tool_calls[0].function.name }}{{ m.tool_calls[0].function.arguments"


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (CALLS + " | tojson }}", '[]weather{"city": "Riga"}'),
        (CALLS + " }}", '[]weather{"city": "Riga"}'),
        (
            (
                "{% for k, v in m.tool_calls[0].function.arguments.items() %}"
                "{{ m.tool_calls[0].function.name }}.{{ k }}={{ v }}{% endfor %}"
            ),
            "[]weather.city=Riga",
        ),
    ],
    ids=["json", "as text", "items"],
)
@pytest.mark.parametrize("content", [None, ""])
@pytest.mark.parametrize(
    "condition", ["m.content is none", "not m.content", "m.content is not none", "true"]
)
def test_a_calls_arguments_are_written_once(
    write: str, text: str, content: str | None, condition: str
) -> None:
    """As an object for templates that write JSON, as OpenAI's text for those that write it bare."""
    source = (
        "{% for m in messages %}{% if m.tool_calls %}{% if " + condition + " %}"
        "[{{ m.content or '' }}]" + write + "{% endif %}{% endif %}{% endfor %}"
    )
    said: Json = {"role": "assistant", "content": content, "tool_calls": [CALL]}
    answer: Json = {"role": "tool", "tool_call_id": "c", "content": "rain"}
    assert ChatTemplate(source).render([user("U"), said, answer]) == text


@pytest.mark.parametrize("arguments", ["Riga", "[1]", None])
def test_arguments_that_are_no_object_stay_as_they_are(arguments: str | None) -> None:
    """What a model once wrote wrongly is still written, as it was."""
    source = (
        "{% for m in messages %}{% if m.tool_calls %}" + CALLS + " | tojson }}{% endif %}"
        "{% endfor %}"
    )
    call = {"function": {"name": "weather", "arguments": arguments}}
    written = ChatTemplate(source).render(
        [user("U"), {"role": "assistant", "content": None, "tool_calls": [call]}]
    )
    assert written.startswith("weather")
    assert (arguments or "null") in written


def test_text_beside_calls_is_kept() -> None:
    """Content that says something is never made null."""
    source = (
        "{% for m in messages %}{{ m.content if m.content is not none }}{% if m.tool_calls %}"
        + CALLS
        + " | tojson }}{% endif %}{% endfor %}"
    )
    said: Json = {**assistant("Let me see."), "tool_calls": [CALL]}
    assert ChatTemplate(source).render([said]) == 'Let me see.weather{"city": "Riga"}'
