from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.base import Json
from adapters.errors import ConfigError, InvalidRequest
from adapters.prompts.jinja import ChatTemplate, from_tokenizer_config

ALTERNATE = (
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
    "'Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}" + ALTERNATE + "{% if (message['role'] == 'assistant') %}"
    "{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}" + ALTERNATE + "{% if message['role'] == 'user' "
    "%}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ ' ' + message['content'] + eos_token}}{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)

SYSTEM: Json = {"role": "system", "content": "S"}
U1: Json = {"role": "user", "content": "U"}
A1: Json = {"role": "assistant", "content": "A"}
U2: Json = {"role": "user", "content": "U2"}


@pytest.mark.parametrize("source", [GEMMA, MISTRAL])
def test_neighbours_are_merged_for_a_template_that_wants_alternation(source: str) -> None:
    """Two users in a row, with a refused system text before them, become one user turn."""
    template = ChatTemplate(source)
    joined: list[Json] = [{"role": "user", "content": "S\n\nU\n\nU2"}]
    assert template.render([SYSTEM, U1, U2]) == template.render(joined)


def test_a_refused_system_text_without_a_user_first_finds_its_place() -> None:
    """It joins the first user's text wherever that stands, and is the user's own without one."""
    source = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "{{ m.role[0] }}:{{ m.content }};{% endfor %}"
    )
    template = ChatTemplate(source)
    assert template.render([SYSTEM, A1, U1]) == "a:A;u:S\n\nU;"
    assert template.render([SYSTEM, A1]) == "u:S;a:A;"


def test_a_template_that_accepts_the_conversation_gets_it_unchanged() -> None:
    """Nothing is merged or folded unless the template refuses."""
    source = "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}"
    assert ChatTemplate(source).render([SYSTEM, U1, U2]) == "system:S;user:U;user:U2;"


def test_d3_a_refusal_is_400_with_the_templates_words() -> None:
    """`raise_exception("x")` ends the request with `x`; it is never written as a prompt."""
    with pytest.raises(InvalidRequest) as caught:
        ChatTemplate("a{{ raise_exception('x') }}b").render([U1])
    assert (caught.value.message, caught.value.status) == ("x", 400)


@pytest.mark.parametrize("text", ["{{ 7*7 }}", "{% for x in y %}", "{# c #}", "<b>&'\""])
def test_d5_message_text_is_never_a_template(text: str) -> None:
    """What a client writes is rendered literally, whatever it looks like."""
    source = "{% for m in messages %}{{ m.content }}{% endfor %}"
    assert ChatTemplate(source).render([{"role": "user", "content": text}]) == text


def test_d7_list_null_and_tool_content_reach_the_template_as_text() -> None:
    """Parts are joined, `developer` is `system`, calls are JSON where the template has no calls."""
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    messages: list[Json] = [
        {"role": "developer", "content": [{"type": "text", "text": "a"}, {"text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": None},
    ]
    plain = ChatTemplate("{% for m in messages %}{{ m.role }}={{ m.content }};{% endfor %}")
    assert plain.render(messages) == (
        'system=ab;assistant=[{"id":"c","function":{"name":"f","arguments":"{}"}}];tool=;'
    )
    aware = ChatTemplate(
        "{% for m in messages %}{% if m.tool_calls %}{{ m.tool_calls[0].function.name }}"
        "{% endif %}[{{ m.content }}]{% endfor %}"
    )
    assert aware.render(messages) == "[ab]f[][]"
    assert aware.render([messages[1]]) == "f[]"


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": [{"type": "image_url"}]}],
        [{"role": "user", "content": [{"type": []}]}],
        [{"role": "user", "content": None}],
        [],
    ],
)
def test_d7_what_is_not_text_is_400(messages: list[Json]) -> None:
    """An image, or nothing said at all, never reaches the template."""
    with pytest.raises(InvalidRequest):
        ChatTemplate("{{ messages }}").render(messages)


@pytest.mark.parametrize(
    "source",
    ["{{ messages[0].content + 1 }}", "{{ nobody.there }}", "{{ 1 / 0 }}", "{% include 'x' %}"],
)
def test_d7_a_template_that_fails_is_400_without_its_traceback(source: str) -> None:
    """Client: one fixed sentence; operator: the cause, in `detail`."""
    with pytest.raises(InvalidRequest) as caught:
        ChatTemplate(source).render([U1])
    assert caught.value.message == "The model's `chat_template` can't write these messages."
    assert (caught.value.status, caught.value.code) == (400, "chat_template_error")
    assert caught.value.detail


def test_tool_turns_are_not_merged() -> None:
    """Two tools' answers keep their ids even when a template wants alternation."""
    messages: list[Json] = [
        {"role": "tool", "tool_call_id": "a", "content": "x"},
        {"role": "tool", "tool_call_id": "b", "content": "y"},
    ]
    template = ChatTemplate("{% if messages | length > 1 %}{{ raise_exception('no') }}{% endif %}")
    with pytest.raises(InvalidRequest, match="no"):
        template.render(messages)


def test_whitespace_json_and_loop_controls_follow_transformers() -> None:
    """Blocks leave no lines, JSON stays unescaped, `break` and `continue` exist, tools are none."""
    source = (
        "{% for m in messages %}\n    {% if loop.index0 == 1 %}\n{% continue %}\n    {% endif %}\n"
        "{{ m | tojson }}\n{% break %}\n{% endfor %}\n{{ tools is none }}"
    )
    text = ChatTemplate(source).render([{"role": "user", "content": "<é&'>"}])
    assert text == '{"role": "user", "content": "<é&\'>"}\nTrue'
    indented = ChatTemplate("{{ {'a': [1]} | tojson(indent=1, separators=(',', ':')) }}")
    assert indented.render([U1]) == '{\n "a":[\n  1\n ]\n}'


def test_the_time_is_the_clock_given_or_undefined() -> None:
    """Without a clock templates see no `strftime_now`, and use the date that they carry."""
    source = (
        "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}none{% endif %}"
    )
    clock = ChatTemplate(source, clock=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    assert clock.render([U1]) == "02 Jan 2026"
    assert ChatTemplate(source).render([U1]) == "none"


@pytest.mark.parametrize(
    "source",
    [
        "{% if %}",
        "{% break %}",
        "x" * 65_537,
        "{{ 'a' | nobody }}",
        "{{ 'a' | urlize }}",
        "(" * 9 + "{{",
    ],
)
def test_an_unusable_template_stops_the_start(source: str) -> None:
    """Syntax, size and missing filters are found when the configuration is read."""
    with pytest.raises(ConfigError):
        ChatTemplate(source)


@pytest.mark.parametrize(
    "config",
    [
        {"chat_template": "{{ bos_token }}-{{ eos_token }}", "bos_token": "B", "eos_token": "E"},
        {
            "chat_template": [
                {"name": "rag", "template": "x"},
                {"name": "default", "template": "{{ bos_token }}-{{ eos_token }}"},
            ],
            "bos_token": {"content": "B"},
            "eos_token": {"content": "E"},
        },
    ],
)
def test_a_tokenizer_config_gives_template_and_marks(config: Json) -> None:
    """Both spellings of templates and tokens are read; `add_bos: false` empties the begin mark."""
    assert from_tokenizer_config(config).render([U1]) == "B-E"
    assert from_tokenizer_config(config, add_bos=False).render([U1]) == "-E"


@pytest.mark.parametrize(
    "config", [{}, {"chat_template": None}, {"chat_template": [{"name": "rag", "template": "x"}]}]
)
def test_a_tokenizer_config_without_a_template_is_refused(config: Json) -> None:
    """No `default`, or none at all: a configuration error, never a guessed template."""
    with pytest.raises(ConfigError):
        from_tokenizer_config(config)


def test_the_generation_tag_marks_nothing_in_a_prompt() -> None:
    """Templates that mark the model's own words for training render as without the marks."""
    source = (
        "{% for m in messages %}{% if m.role == 'assistant' %}"
        "{% generation %}{{ m.content }}|{% endgeneration %}{% else %}{{ m.content }}|{% endif %}"
        "{% endfor %}"
    )
    messages: list[Json] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
    ]
    assert ChatTemplate(source).render(messages) == "a|b|"


@pytest.mark.parametrize("content", ["", [], None])
def test_calls_beside_an_empty_content_are_written_once(content: object) -> None:
    """As calls where the template writes calls, else as JSON; never left out."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said: list[Json] = [U1, {"role": "assistant", "content": content, "tool_calls": [call]}]
    plain = "{% for m in messages %}{{ m.content }};{% endfor %}"
    calling = (
        "{% for m in messages %}{{ m.content or '' }}{% for c in m.tool_calls or [] %}"
        "<{{ c.function.name }}>{% endfor %};{% endfor %}"
    )
    assert ChatTemplate(calling).render(said) == "U;<f>;"
    told = '[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]'
    assert ChatTemplate(plain).render(said) == f"U;{told};"


def test_a_refusal_reaches_templates_of_either_shape() -> None:
    """It is text: joined for most templates, a part of text for those that read parts."""
    parts = [{"type": "refusal", "refusal": "No"}, {"type": "text", "text": "Sorry"}]
    said: list[Json] = [U1, {"role": "assistant", "content": parts}, U2]
    flat = "{% for m in messages %}{{ m.content }};{% endfor %}"
    listed = (
        "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}"
        "{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endif %};{% endfor %}"
    )
    assert ChatTemplate(flat).render(said) == "U;NoSorry;U2;"
    assert ChatTemplate(listed).render(said) == "U;[No][Sorry];U2;"
