"""Templates format texts as Python does."""

from __future__ import annotations

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.prompts.jinja import ChatTemplate

USER: list[Json] = [{"role": "user", "content": "a\nb <c> {0} %s"}]
#: As transformers builds it, and independent of the gateway's own.
PLAIN = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
CONTENT = "messages[0].content"


@pytest.mark.parametrize(
    "source",
    [
        f"{{{{ '%s|%5s|%-5s|%05.1f|%d%%|%r' % ({CONTENT}, 1, 2, 3.14159, 4, 'x') }}}}",
        f"{{{{ '%s' % {CONTENT} }}}}",
        "{{ '%(role)s' % messages[0] }}",
        f"{{{{ '<%s>' | format({CONTENT}) }}}}",
        f"{{{{ '<%(text)s>' | format(text={CONTENT}) }}}}",
        "{{ '%(context)s' | format(context=1) }}",
        f"{{{{ '{{}} {{1!r}}'.format({CONTENT}, 'b') if false else '{{}}'.format({CONTENT}) }}}}",
        "{{ '{0}-{1!r}-{a:>4}-{b[0].role}-{c:{w}.2f}'.format(1, 'x', a=2, b=messages, c=3, w=7) }}",
        "{{ '{context}'.format(context=messages[0].role) }}",
        "{{ '{role}'.format_map(messages[0]) }}",
        f"{{{{ ('<b>{{}}</b>' | safe).format({CONTENT}) }}}}",
        f"{{{{ {CONTENT} | indent }}}}",
        f"{{{{ {CONTENT} | indent(2, true) }}}}",
        f"{{{{ {CONTENT} | indent(width='> ', first=true, blank=true) }}}}",
        f"{{{{ {CONTENT} | wordwrap(5, wrapstring='|') }}}}",
        f"{{{{ {CONTENT} | center(30) }}}}|{{{{ 'a'.ljust(4) }}}}|{{{{ '7'.zfill(3) }}}}",
        "{{ 'x' | attr('upper') is defined }}{{ (messages[0].role | attr('upper'))() }}",
        "{{ range(5) | batch(2, 0) | list }}{{ range(5) | slice(2) | list }}",
        "{{ [1, 2] | sum }}{{ [{'n': 1}, {'n': 2}] | sum('n', 3) }}{{ 2 ** 10 }}{{ 7 % 4 }}",
        "{{ ['a', 'b'] | map('upper') | sum(start='') if false else 2 ** 0.5 }}",
        f"{{{{ {CONTENT} | forceescape }}}}{{{{ 1000000 | filesizeformat }}}}",
        "{{ {'a': '<'} | xmlattr }}",
    ],
)
def test_a_format_writes_what_python_writes(source: str) -> None:
    """`%`, `format`, and Jinja's filters give what they give in an environment without bounds."""
    assert ChatTemplate(source).render(USER) == PLAIN.from_string(source).render(messages=USER)


@pytest.mark.parametrize(
    "source",
    ["{{ '%d' % 'x' }}", "{{ '%s %s' % 1 }}", "{{ '{1}'.format(0) }}", "{{ '{a}'.format_map() }}"],
)
def test_a_format_that_fits_no_values_is_400(source: str) -> None:
    """Python's complaint is the template's failure, and is not told to the client."""
    with pytest.raises(InvalidRequest) as caught:
        ChatTemplate(source).render(USER)
    assert caught.value.message == "The model's `chat_template` can't write these messages."


def test_json_takes_transformers_options() -> None:
    """By position or name, in its order: letters, indentation, separators, sorting."""
    source = (
        "{{ {'é': 1, 'a': [1]} | tojson }} {{ {'é': 1} | tojson(true) }} "
        "{{ {'b': 1, 'a': 2} | tojson(indent=1, separators=(',', ':'), sort_keys=true) }} "
        "{{ [1] | tojson(indent='\t') }}"
    )
    assert ChatTemplate(source).render(USER) == (
        '{"é": 1, "a": [1]} {"\\u00e9": 1} {\n "a":2,\n "b":1\n} [\n\t1\n]'
    )
