"""Chat templates and conversations of every shape: a prompt, or a refusal in words (D1 to D7)."""

import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.errors import ConfigError, InvalidRequest
from adapters.openai.chat import ChatRequest
from adapters.openai.validation import validate
from adapters.prompts.custom import custom_prompt
from adapters.prompts.families import family_for
from adapters.prompts.jinja import ChatTemplate
from tests.fuzz.effort import searching
from tests.fuzz.values import ANYTHING

PIECES = st.lists(
    st.sampled_from(
        [
            "{% for m in messages %}",
            "{% endfor %}",
            "{% if m.role == 'user' %}",
            "{% else %}",
            "{% endif %}",
            "{% set ns = namespace(x=1) %}",
            "{% set ns.x = ns.x + 1 %}",
            "{% macro f(a, b=1) %}",
            "{% endmacro %}",
            "{% call(x) f(1) %}",
            "{% endcall %}",
            "{% filter upper %}",
            "{% endfilter %}",
            "{% raw %}",
            "{% endraw %}",
            "{% generation %}",
            "{% endgeneration %}",
            "{% include 'x' %}",
            "{% import 'x' as y %}",
            "{% extends 'x' %}",
            "{% break %}",
            "{{ m.content }}",
            "{{ m['content'] | trim }}",
            "{{ messages[0]['role'] }}",
            "{{ messages | tojson(indent=2) }}",
            "{{ messages | map(attribute='role') | join(',') }}",
            "{{ messages | selectattr('role') | list }}",
            "{{ messages | groupby('role') }}",
            "{{ messages | sort(attribute='content') }}",
            "{{ messages | sum(attribute='content') }}",
            "{{ messages[::-1] }}",
            "{{ messages[1:] }}",
            "{{ m.content.split('x')[-1] }}",
            "{{ m.content.format(1) }}",
            "{{ '%s' % m.content }}",
            "{{ f(1) }}",
            "{{ ns.x ** 99 }}",
            "{{ 1 / 0 }}",
            "{{ x.y.z }}",
            "{{ ''.__class__.__mro__ }}",
            "{{ messages.append(messages) }}",
            "{{ messages.__class__ }}",
            "{{ raise_exception('no') }}",
            "{{ strftime_now('%Y') }}",
            "{{ bos_token ~ eos_token }}",
            "{{ range(99999) | list }}",
            "{{ loop.index }}",
            "{{ self }}",
            "{{ dict(a=1) | items | list }}",
            "{{ 'a' | attr('__class__') }}",
            "{{ [1] | batch(0) | list }}",
            "{{ [1] | slice(0) | list }}",
            "{{ 'é' | int('x') }}",
            "{{ messages | length is divisibleby 0 }}",
            "{{ none + 1 }}",
            "{{ 'x' * -1 }}",
            "text",
            "{#",
            "#}",
            "{{",
            "}}",
            "{%",
            "%}",
        ]
    ),
    min_size=1,
    max_size=8,
).map("".join)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "tool", "developer"])},
        optional={
            "content": ANYTHING,
            "tool_calls": ANYTHING,
            "name": ANYTHING,
            "tool_call_id": ANYTHING,
        },
    ),
    max_size=4,
)
FAMILIES = (
    "mistral-7b-instruct-v0.3",
    "llama-3-8b-instruct",
    "llama-2-7b-chat",
    "llama-guard-3-8b",
    "deepseek-r1",
    "qwen2-chat",
    "codellama-70b-instruct",
    "gemma-2-9b-it",
    "command-r",
    "granite-3.1-8b-instruct",
)
#: What no refusal says.
INSIDES = re.compile(r"Traceback|object at 0x|adapters|File \"")
#: Less than a deployment has, so that a search tries more templates.
_STEPS, _CHARACTERS = 20_000, 200_000


def rendered(prompt: Any, messages: list[dict[str, Any]]) -> None:
    """Check and write the conversation: text, or a refusal that says nothing of our insides."""
    try:
        validate(ChatRequest, {"model": "m", "messages": messages})
        text = prompt.render(messages)
    except InvalidRequest as error:
        text = error.message
        refused = True
    else:
        refused = False
    assert isinstance(text, str)
    assert "object at 0x" not in text
    assert not (refused and INSIDES.search(text)), text


@given(PIECES, MESSAGES)
@example("{% break %}", [])
@searching(400)
def test_any_template(source: str, messages: list[dict[str, Any]]) -> None:
    """A template stops the start with a reason, or answers each conversation or refuses it."""
    try:
        template = ChatTemplate(source, max_steps=_STEPS, max_characters=_CHARACTERS)
    except ConfigError as error:
        template = None
        said = error.message
    else:
        said = ""
    assert not INSIDES.search(said)
    if template is not None:
        rendered(template, messages)


@given(st.sampled_from(FAMILIES), MESSAGES)
@example("mistral-7b-instruct-v0.3", [{"role": "user", "content": [{"type": []}]}])
@searching(300)
def test_any_conversation(name: str, messages: list[dict[str, Any]]) -> None:
    """Known layouts write every conversation, or say what is wrong with it."""
    family = family_for(name)
    if family is not None:
        rendered(family, messages)


@given(MESSAGES, st.dictionaries(st.sampled_from(["user", "system", "x"]), st.text(max_size=5)))
@searching(100)
def test_own_roles(messages: list[dict[str, Any]], marks: dict[str, str]) -> None:
    """So do LiteLLM's roles."""
    roles = {role: {"pre_message": mark, "post_message": mark} for role, mark in marks.items()}
    rendered(
        custom_prompt(roles=roles, initial_prompt_value=None, final_prompt_value=None), messages
    )
