"""A request's `chat_template_kwargs`: variables of the model's own chat template."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import formats
from adapters.base import Json, Request
from adapters.errors import InvalidRequest
from adapters.prompts.jinja import ChatTemplate
from tests.adapters.formats.golden_file import make_target

HELLO: list[Json] = [{"role": "user", "content": "Hi"}]
#: The end of Qwen 3's template.
QWEN = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}"
    "{% endif %}"
)


def written(switches: Json, template: ChatTemplate | None = None) -> str:
    return (template or ChatTemplate(QWEN)).adjusted(switches).render(HELLO)


def test_switches_reach_the_template_as_vllm_gives_them() -> None:
    """Undefined unless the request sets it; also whether the assistant's opening is written."""
    assert written({}) == "<|user|>Hi<|assistant|>"
    assert written({"enable_thinking": True}) == "<|user|>Hi<|assistant|>"
    assert written({"enable_thinking": False}) == "<|user|>Hi<|assistant|><think></think>"
    assert written({"add_generation_prompt": False}) == "<|user|>Hi"
    spoken = ChatTemplate("{{ mood }}|{{ level }}|{{ none is none }}")
    assert written({"mood": "{{ 1 }}", "level": 0.5, "none": None}, spoken) == "{{ 1 }}|0.5|True"


def test_one_requests_switches_are_not_the_nexts() -> None:
    """Templates are shared by all requests; nothing that one of them sets stays."""
    template = ChatTemplate(QWEN)
    assert "think" in written({"enable_thinking": False}, template)
    assert "think" not in template.render(HELLO)


@pytest.mark.parametrize(
    "name",
    [
        *("messages", "tools", "documents", "bos_token", "eos_token", "pad_token", "unk_token"),
        *("raise_exception", "strftime_now", "range", "namespace", "the budget", ""),
    ],
)
def test_what_the_gateway_gives_is_never_overridden(name: str) -> None:
    """The conversation, the tokens, the functions and the bounds are no client's to set."""
    with pytest.raises(InvalidRequest) as caught:
        written({name: "x"})
    assert (caught.value.param, caught.value.status) == ("chat_template_kwargs", 400)
    assert repr(name) in caught.value.message


@pytest.mark.parametrize("value", [[], {}, [1], {"a": 1}])
def test_only_plain_values_are_switches(value: Any) -> None:
    """A list may be built to cost time, and an object to pose as one of ours."""
    with pytest.raises(InvalidRequest):
        written({"x": value})


def test_a_dialect_switches_its_targets_template() -> None:
    """The request's switches are in the prompt that is sent, and in what is counted of it."""
    codec = formats.load("tgi").chat
    assert codec is not None
    params = {"messages": HELLO, "chat_template_kwargs": {"enable_thinking": False}}
    target = make_target(prompt=ChatTemplate(QWEN))
    payload = codec.encode(Request(target=target, params=params, id="i", created=1))[0]
    assert payload.prompt.endswith("<think></think>")
    assert b"<think></think>" in payload.body
    assert b"chat_template_kwargs" not in payload.body
