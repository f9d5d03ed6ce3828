"""What text dialects ask of their containers: one call a choice, each parameter in its place."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters import formats
from adapters.base import Codec, Json, ParameterPolicy, Request, Target, Task
from adapters.errors import InvalidRequest, PayloadTooLarge, UnsupportedParameter
from adapters.openai import parameters
from tests.adapters.formats.golden_file import make_reply, make_target

HI = [{"role": "user", "content": "Hi"}]
TEXT = ("huggingface", "tgi", "lmi", "lmi_static", "llama2")
TOOL = {"type": "function", "function": {"name": "f"}}


def asked(
    name: str, task: Task = "chat", target: Target | None = None, **params: Any
) -> list[Json]:
    codec: Codec = getattr(formats.load(name), task)
    about = {"messages": HI} if task == "chat" else {"prompt": "Hi"}
    target = target or make_target()
    wanted = parameters.effective({**about, **params}, target, task)
    request = Request(target=target, params=wanted, id="id-1", created=1)
    return [orjson.loads(payload.body) for payload in codec.encode(request)]


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_tokens": 0}, 1),
        ({"max_completion_tokens": 0}, 1),
        ({"max_tokens": 9, "max_completion_tokens": 3}, 3),
        ({"max_new_tokens": 4}, 4),
    ],
)
def test_token_limits_have_one_name(name: str, given: Json, sent: int) -> None:
    """Both of OpenAI's limits become `max_new_tokens`, the newer one wins, and 0 becomes 1."""
    assert asked(name, **given)[0]["parameters"]["max_new_tokens"] == sent


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize(("allow", "sent"), [(False, 0.1), (True, 0)])
def test_zero_temperature_passes_only_where_it_is_allowed(
    name: str, allow: bool, sent: float
) -> None:
    """The flag works from the configuration and from the request, and is in no body."""
    configured = make_target(allow_zero_temperature=allow)
    for body in (
        asked(name, target=configured, temperature=0)[0],
        asked(name, temperature=0.0, aws_sagemaker_allow_zero_temp=allow)[0],
    ):
        assert body["parameters"]["temperature"] == sent
        assert "zero" not in str(body)


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("task", ["chat", "completion"])
def test_every_choice_is_a_call(name: str, task: Task) -> None:
    """`n` choices take `n` calls."""
    assert len(asked(name, task, n=3)) == 3


@pytest.mark.parametrize("name", ["huggingface", "tgi", "lmi", "lmi_static"])
def test_choices_with_a_seed_differ(name: str) -> None:
    """Equal seeds would give equal choices."""
    assert [body["parameters"]["seed"] for body in asked(name, n=3, seed=5)] == [5, 6, 7]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("huggingface", "stop"),
        ("tgi", "stop"),
        ("lmi", "stop_sequences"),
        ("lmi_static", "stop_sequences"),
    ],
)
@pytest.mark.parametrize("stop", ["x", ["x"]])
def test_stop_texts_are_a_list_under_the_dialects_name(name: str, key: str, stop: Any) -> None:
    """A single stop text becomes a list of one."""
    assert asked(name, stop=stop)[0]["parameters"][key] == ["x"]


def test_llama2_is_not_told_stop_texts() -> None:
    """It knows none: they are cut here."""
    assert asked("llama2", stop="x")[0]["parameters"] == {}


#: What each dialect lacks of OpenAI's parameters.
TOOLS = {"tools": [TOOL], "tool_choice": "required", "functions": [{}], "logit_bias": {"1": 2}}
SCHEMA = {"response_format": {"type": "json_object"}}
LOGPROBS = {"logprobs": True, "top_logprobs": 3}
LACKING: dict[str, dict[str, Any]] = {
    "huggingface": {**TOOLS, **SCHEMA, **LOGPROBS, "presence_penalty": 1},
    "tgi": {**TOOLS, "presence_penalty": 1},
    "lmi": {**TOOLS, **SCHEMA},
    "lmi_static": {**TOOLS, **SCHEMA, **LOGPROBS},
    "llama2": {
        **TOOLS,
        **SCHEMA,
        **LOGPROBS,
        "seed": 1,
        "frequency_penalty": 1,
        "presence_penalty": 1,
    },
}


@pytest.mark.parametrize(
    ("name", "param", "value"),
    [(name, param, value) for name in TEXT for param, value in LACKING[name].items()],
)
def test_what_a_dialect_lacks_is_a_clear_400(name: str, param: str, value: Any) -> None:
    """The refusal names the parameter and what helps; drop, allow and remove work."""
    with pytest.raises(UnsupportedParameter) as caught:
        asked(name, **{param: value})
    assert caught.value.param == param
    assert f"'{param}'" in caught.value.message
    assert "drop_params" in caught.value.message
    if param in {"tools", "functions", "tool_choice"}:
        assert "sagemaker_chat/" in caught.value.message
    dropped = make_target(parameters=ParameterPolicy(drop_unsupported=True))
    assert param not in str(asked(name, target=dropped, **{param: value}))
    allowed = make_target(parameters=ParameterPolicy(allowed=frozenset({param})))
    assert asked(name, target=allowed, **{param: value})[0]["parameters"][param] == value
    removed = make_target(parameters=ParameterPolicy(dropped=frozenset({param})))
    assert param not in str(asked(name, target=removed, **{param: value}))


@pytest.mark.parametrize("name", TEXT)
def test_nothing_of_the_gateways_own_is_in_a_body(name: str) -> None:
    """Bookkeeping, the model's name and neutral values never reach a container."""
    body = asked(name, model="m", user="u", store=True, n=1, tools=[], tool_choice="auto", top_k=3)[
        0
    ]
    own = {"tgi": {"details": True, "return_full_text": False}, "lmi": {"details": True}}
    assert body == {"inputs": "Hi", "parameters": {"top_k": 3, **own.get(name, {})}}


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize(
    "prompt", ["", " <s>[INST] untouched\n", ["a", "b"], [" ", "x\n"]], ids=repr
)
def test_prompts_go_untouched(name: str, prompt: str | list[str]) -> None:
    """A completion's prompt is the container's input, letter for letter."""
    sent = [body["inputs"] for body in asked(name, "completion", prompt=prompt)]
    assert sent == ([prompt] if isinstance(prompt, str) else prompt)


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("prompt", [[1, 2], [[1], [2]]], ids=repr)
def test_token_ids_are_a_clear_400(name: str, prompt: object) -> None:
    """Text containers take text."""
    with pytest.raises(InvalidRequest) as caught:
        asked(name, "completion", prompt=prompt)
    assert (caught.value.param, caught.value.code) == ("prompt", "invalid_type")


@pytest.mark.parametrize("name", TEXT)
def test_a_suffix_is_a_clear_400(name: str) -> None:
    """No text dialect fills a text in."""
    with pytest.raises(UnsupportedParameter) as caught:
        asked(name, "completion", suffix="end")
    assert caught.value.param == "suffix"


@pytest.mark.parametrize("name", ["tgi", "lmi"])
def test_log_probabilities_of_an_echo_are_a_clear_400(name: str) -> None:
    """The echo is put there by the gateway, which knows no probabilities."""
    with pytest.raises(InvalidRequest) as caught:
        asked(name, "completion", echo=True, logprobs=0)
    assert caught.value.param == "logprobs"


def test_no_probabilities_but_the_tokens_own_is_a_wish_too() -> None:
    """`logprobs: 0` asks for those of the text alone."""
    assert asked("tgi", "completion", logprobs=0)[0]["parameters"] == {
        "details": True,
        "return_full_text": False,
    }
    assert asked("lmi", "completion", logprobs=0)[0]["parameters"] == {
        "details": True,
        "logprobs": 1,
    }


def test_a_whole_answer_ends_before_its_stop_text() -> None:
    """The stop text is cut off, its tokens are not told, and the reason is `stop`."""
    codec = formats.load("tgi").chat
    assert codec is not None
    params = {"messages": HI, "stop": ["END"], "logprobs": True}
    request = Request(target=make_target(), params=params, id="id-1", created=1)
    tokens = [{"text": text, "logprob": -1.0} for text in ("a ", "END")]
    details = {"finish_reason": "stop_sequence", "generated_tokens": 2, "tokens": tokens}
    reply = make_reply([{"generated_text": "a END", "details": details}])
    choice = codec.decode(request, codec.encode(request), (reply,)).body["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("a ", "stop")
    assert [each["token"] for each in choice["logprobs"]["content"]] == ["a "]


def test_a_grammar_of_the_clients_own_wins() -> None:
    """TGI's own parameter says more than OpenAI's."""
    grammar = {"type": "regex", "value": "a+"}
    body = asked("tgi", response_format={"type": "json_object"}, grammar=grammar)[0]
    assert body["parameters"]["grammar"] == grammar


def test_too_many_choices_are_refused() -> None:
    """Prompts times choices are calls: they have a bound."""
    with pytest.raises(InvalidRequest) as caught:
        asked("tgi", "completion", prompt=["x"] * 100, n=21)
    assert caught.value.param == "n"


@pytest.mark.parametrize(
    ("shape", "param"),
    [
        ("json", "response_format"),
        (1, "response_format"),
        ({"type": "json_schema", "json_schema": "x"}, "response_format.json_schema"),
    ],
)
def test_a_response_format_that_is_no_object_is_a_400(shape: Any, param: str) -> None:
    """Completions have no such parameter in their schema: the dialect that takes it checks it."""
    with pytest.raises(InvalidRequest) as caught:
        asked("tgi", "completion", response_format=shape)
    assert (caught.value.param, caught.value.code) == (param, "invalid_type")


@pytest.mark.parametrize("messages", ["abc", [1], 7])
def test_words_of_no_known_shape_are_not_counted(messages: Any) -> None:
    """A raw body goes as it came, whatever stands under names that other tasks use."""
    assert asked("raw", "completion", messages=messages) == [{"messages": messages, "prompt": "Hi"}]


def test_the_choices_of_a_prompt_share_its_body() -> None:
    """Many choices of a long prompt take the memory of one; too long a prompt is never copied."""
    codec = formats.load("tgi").chat
    assert codec is not None
    params: Json = {"messages": HI, "n": 128, "seed": None}
    request = Request(target=make_target(), params=params, id="id-1", created=1)
    assert len({id(payload.body) for payload in codec.encode(request)}) == 1
    with pytest.raises(PayloadTooLarge):
        asked("tgi", target=make_target(max_payload_bytes=20), n=128, seed=1)


def test_an_empty_stop_text_is_not_sent() -> None:
    """It stops nothing here; containers that look for it would stop at once."""
    assert asked("tgi", stop=["", "END"])[0]["parameters"]["stop"] == ["END"]
    for stop in ("", [""]):
        assert "stop" not in asked("tgi", stop=stop)[0]["parameters"]


@pytest.mark.parametrize(
    ("shape", "grammar"),
    [
        ({"type": "regex", "value": "a+"}, {"type": "regex", "value": "a+"}),
        (
            {"type": "json", "value": {"type": "array"}},
            {"type": "json", "value": {"type": "array"}},
        ),
        ({"type": "json_object", "value": {"a": 1}}, {"type": "json", "value": {"a": 1}}),
        ({"type": "text"}, None),
    ],
)
def test_tgis_own_response_formats_are_its_grammar(shape: Json, grammar: Json | None) -> None:
    """TGI's clients name its grammars in `response_format`; plain text needs none."""
    assert asked("tgi", response_format=shape)[0]["parameters"].get("grammar") == grammar


@pytest.mark.parametrize("shape", [{"type": "yaml"}, {"type": "regex"}, {"type": None}])
def test_an_unknown_response_format_is_a_400(shape: Json) -> None:
    """What can't be promised is refused, never passed over in silence."""
    with pytest.raises(InvalidRequest) as caught:
        asked("tgi", response_format=shape)
    assert caught.value.param == "response_format.type"


@pytest.mark.parametrize("name", ["huggingface", "lmi", "lmi_static", "llama2"])
def test_a_completions_response_format_is_refused_too(name: str) -> None:
    """Servers such as vLLM take one: a container that can't is no excuse for free text."""
    with pytest.raises(UnsupportedParameter):
        asked(name, "completion", response_format={"type": "json_object"})


@pytest.mark.parametrize("task", ["chat", "completion"])
def test_a_templates_switches_are_no_parameter_of_the_container(task: Task) -> None:
    """`chat_template_kwargs` ends at the prompt; a layout without switches passes over it."""
    body = asked("tgi", task, chat_template_kwargs={"enable_thinking": False})[0]
    assert "chat_template_kwargs" not in body["parameters"]
