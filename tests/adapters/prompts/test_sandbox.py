"""What a hostile, or careless, template can't do (security cases D1 and D2)."""

from __future__ import annotations

import pytest

from adapters.base import Json
from adapters.errors import ConfigError, InvalidRequest, PayloadTooLarge
from adapters.prompts.jinja import ChatTemplate

USER: list[Json] = [{"role": "user", "content": "secret words"}]


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages['__class__'] }}",
        "{{ raise_exception.__globals__ }}",
        "{{ range.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update({}) }}",
        "{{ messages | attr('__class__') }}",
        "{{ ['a'] | map('attr', '__class__') | list }}",
        "{{ '{0.__class__}'.format(messages) }}",
        "{{ '{0[__class__]}'.format(messages) }}",
        "{{ '{a.__class__}'.format_map({'a': messages}) }}",
        "{{ (messages | attr('append'))(1) }}",
        "{{ ('{0.__class__}' | safe).format(messages) }}",
        "{{ 'a'.encode() }}",
        "{{ 'a'.translate({97: 'b'}) }}",
        "{{ namespace(__html__=1) }}",
        "{% set ns = namespace() %}{% set ns.__html__ = 1 %}",
    ],
)
def test_d1_pythons_insides_are_out_of_reach(source: str) -> None:
    """Nothing of it is written: 400 with one fixed sentence, the cause for the operator only."""
    with pytest.raises(InvalidRequest) as caught:
        ChatTemplate(source).render(USER)
    assert (caught.value.status, caught.value.code) == (400, "chat_template_error")
    assert caught.value.message == (
        "The model's `chat_template` does what is not allowed in this gateway."
    )
    assert caught.value.detail


@pytest.mark.parametrize("name", ["cycler", "joiner", "lipsum"])
def test_d1_jinjas_own_toys_do_not_exist(name: str) -> None:
    """Known ways out of a sandbox begin with these three."""
    with pytest.raises(InvalidRequest):
        ChatTemplate(f"{{{{ {name}.__globals__ }}}}").render(USER)


def test_d1_the_budget_cannot_be_named() -> None:
    """A template sees no variable and no filter with which to change its allowance."""
    assert ChatTemplate("{{ self is defined }}{{ budget is defined }}").render(USER) == "TrueFalse"
    with pytest.raises(ConfigError):
        ChatTemplate("{{ 1 | charge }}")


@pytest.mark.parametrize(
    "source", ["{{ '%*d' % (99, 1) }}", "{{ '%.*f' % (99, 1) }}", "{{ '%(a(b)c)99d' % {} }}"]
)
def test_d2_widths_that_are_values_are_refused(source: str) -> None:
    """A width that can't be read before it is used has no bound; no template needs one."""
    with pytest.raises(InvalidRequest):
        ChatTemplate(source).render(USER)


DOUBLED = "{% for i in range(60) %}{% set ns.x = <doubled> %}{% endfor %}{{ ns.x }}"


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(10**9) %}x{% endfor %}".replace("10**9", "1000000000"),
        "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) if false %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% for i in range(9999) %}{% for j in range(99) %}"
        + "x" * 999
        + "{% endfor %}{% endfor %}",
        (
            "{% for i in [[[]]] recursive %}{% for k in range(9999) %}{{ loop.index }}{% endfor %}"
            "{% for k in range(9999) %}{{ k }}{% endfor %}{{ loop([[1]] * 9999) }}{% endfor %}"
        ),
        "{{ 'x' * 1000000000 }}",
        "{{ 1000000000 * 'x' }}",
        "{{ [0] * 1000000000 }}",
        "{{ {'a': 1} | tojson(indent=1000000) }}",
        (
            "{% set ns = namespace(x=[0] * 200000) %}{% for i in range(200) %}"
            "{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson(indent=16) }}"
        ),
        "{{ '%99999d' % 1 }}",
        "{{ '%.99999f' % 1 }}",
        "{{ ('%9999d' * 9999) % 1 }}",
        "{{ '%99999d' | format(1) }}",
        "{{ ('%(a)s' * 9999) | format(a='x' * 9999) }}",
        "{{ '{:99999}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=99999) }}",
        "{{ ('{0}' * 9999).format('x' * 9999) }}",
        "{{ ('{0!r}' * 9999).format('x' * 9999) }}",
        "{{ '{a:99999}'.format_map({'a': 1}) }}",
        "{{ ('{a:x}' * 9999).format(a=2 ** 90000) }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ ['x'] | map('center', 1000000000) | list }}",
        "{{ 'x'.zfill(1000000000) }}",
        "{{ 'a\nb' | indent(1000000000) }}",
        "{{ ('a\n' * 9999) | indent('x' * 9999) }}",
        "{{ ('a b ' * 9999) | wordwrap(1, wrapstring='x' * 9999) }}",
        "{{ [1] | batch(1000000000, 0) | list }}",
        "{{ [1] | slice(1000000000, 0) | list }}",
        "{{ 9 ** 1000000000 }}",
        "{{ ('a' * 9999).replace('a', 'b' * 9999) }}",
        "{{ ('a' * 9999) | replace('a', 'b' * 9999) }}",
        "{{ ('b' * 9999).join(['a'] * 9999) }}",
        "{{ (['a'] * 9999) | join('b' * 9999) }}",
        "{% set ns = namespace(x='xx') %}" + DOUBLED.replace("<doubled>", "ns.x ~ ns.x"),
        "{% set ns = namespace(x='xx') %}" + DOUBLED.replace("<doubled>", "ns.x + ns.x"),
        "{% set ns = namespace(x='xx') %}" + DOUBLED.replace("<doubled>", "ns.x * 2"),
        "{% set ns = namespace(x='xx') %}" + DOUBLED.replace("<doubled>", "[ns.x, ns.x]"),
        "{% set ns = namespace(x='xx') %}" + DOUBLED.replace("<doubled>", "{1: ns.x, 2: ns.x}"),
        "{% set ns = namespace(x='xx') %}"
        + DOUBLED.replace("<doubled>", "[ns.x, ns.x]").replace("{{ ns.x }}", "{{ ns.x|string }}"),
        "{% set ns = namespace(x='xx') %}"
        + DOUBLED.replace("<doubled>", "[ns.x, ns.x]").replace("{{ ns.x }}", "{{ ns.x|tojson }}"),
        (
            "{% set ns = namespace(x='xx') %}{% for i in range(60) %}"
            "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}"
        ),
        (
            "{% set ns = namespace(x=9) %}{% for i in range(60) %}{% set ns.x = ns.x * ns.x %}"
            "{% endfor %}"
        ),
    ],
)
@pytest.mark.timeout(20)
def test_d2_endless_work_and_text_are_stopped(source: str) -> None:
    """Loops, macros, repeats and doublings end with 413, long before memory or patience do."""
    with pytest.raises(PayloadTooLarge):
        ChatTemplate(source).render(USER)


def test_d2_long_output_is_stopped_at_the_limit_given() -> None:
    """The limit counts every character written, literal text too."""
    template = ChatTemplate("ab{{ messages[0].content }}", max_characters=14)
    assert template.render(USER) == "absecret words"
    with pytest.raises(PayloadTooLarge):
        ChatTemplate("ab{{ messages[0].content }}", max_characters=13).render(USER)


def test_d2_a_long_ordinary_conversation_is_within_the_budget() -> None:
    """The bounds are for mistakes: thousands of messages pass."""
    source = (
        "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] | trim ~ '\n' }}"
        "{% endfor %}"
    )
    assert ChatTemplate(source).render(USER * 5000).count("<|user|>") == 5000


def test_recursive_loops_and_macros_work() -> None:
    """The bounds do not change what an ordinary template writes."""
    source = (
        "{% macro wrap(x) %}<{{ caller() }}{{ x }}>{% endmacro %}"
        "{% for i in [1, [2, 3]] recursive %}{% if i is number %}{{ i }}{% else %}({{ loop(i) }})"
        "{% endif %}{{ ',' if not loop.last }}{% endfor %}{% call wrap('a') %}b{% endcall %}"
        "{{ 'a-b'.replace('-', '+') }}{{ '/'.join(['x', 'y']) }}"
        "{{ messages | join('', attribute='role') }}{{ 7 % 4 }}{{ '=' * 3 }}{{ 2 * 1.5 }}"
        "{{ {'a': 1}.items() | list | length }}{{ 3 | string }}{{ namespace(a=1).a }}"
    )
    assert ChatTemplate(source).render(USER) == "1,(2,3)<ba>a+bx/yuser3===3.0131"
