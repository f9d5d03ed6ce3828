"""Which parameters reach a container that has only some of OpenAI's."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Json, ParameterPolicy
from adapters.errors import UnsupportedParameter
from adapters.openai.parameters import CHAT, COMPLETION, effective, select
from tests.adapters.formats.golden_file import make_target

SUPPORTED = frozenset({"temperature"})


def chosen(params: Json, **policy: Any) -> Json:
    target = make_target(parameters=ParameterPolicy(**policy))
    return select(params, target, known=CHAT, supported=SUPPORTED)


def test_unsupported_parameters_are_named_with_their_remedy() -> None:
    """A 400 names every parameter that the container lacks, and the settings that help."""
    with pytest.raises(UnsupportedParameter) as caught:
        chosen({"tools": [{}], "logit_bias": {"1": 2}, "temperature": 1})
    message = caught.value.message
    for word in ("'logit_bias', 'tools'", "drop_params", "allowed_openai_params", "public-model"):
        assert word in message
    assert (caught.value.param, caught.value.status) == ("logit_bias", 400)


def test_drop_params_drops_what_the_container_lacks() -> None:
    """With `drop_params` the request goes on without them."""
    kept = chosen({"tools": [{}], "temperature": 1, "top_k": 3}, drop_unsupported=True)
    assert kept == {"temperature": 1, "top_k": 3}


def test_allowed_parameters_are_forwarded() -> None:
    """With `allowed_openai_params` a name goes to the container as it is."""
    assert chosen({"tools": [{}]}, allowed=frozenset({"tools"})) == {"tools": [{}]}


def test_additional_drop_params_are_never_forwarded() -> None:
    """A name of `additional_drop_params` is removed whether OpenAI knows it or not."""
    dropped = frozenset({"temperature", "top_k"})
    policy = ParameterPolicy(dropped=dropped)
    target = make_target(parameters=policy, defaults={"top_k": 1, "seed": 2})
    asked = {"temperature": 1, "top_k": 3, "min_p": 0}
    assert effective(asked, target, "chat") == {"min_p": 0, "seed": 2}


@pytest.mark.parametrize(
    "params",
    [
        {"n": 1},
        {"tools": []},
        {"tool_choice": "auto"},
        {"presence_penalty": 0.0},
        {"logprobs": False},
        {"response_format": {"type": "text"}},
        {"parallel_tool_calls": True},
        {"user": "me"},
        {"store": True},
        {"service_tier": "auto"},
    ],
)
def test_neutral_values_and_bookkeeping_never_break_a_call(params: Json) -> None:
    """What asks for nothing special is left out quietly, as clients send it unasked."""
    assert chosen(params) == {}


def test_containers_own_parameters_pass() -> None:
    """A name that OpenAI does not know is the container's own."""
    assert chosen({"top_k": 1, "repetition_penalty": 1.2}) == {
        "top_k": 1,
        "repetition_penalty": 1.2,
    }


def test_null_is_a_parameter_that_was_not_given() -> None:
    """Clients write null for what they do not want; a container's own null is its own affair."""
    assert chosen({"tools": None, "temperature": None, "top_k": None}) == {"top_k": None}


@pytest.mark.parametrize("params", [{"echo": False}, {"suffix": ""}, {"best_of": 1}, {"n": 1}])
def test_neutral_values_of_completions_are_left_out(params: Json) -> None:
    """Completions have values of their own that ask for nothing."""
    assert select(params, make_target(), known=COMPLETION, supported=SUPPORTED) == {}


def test_no_alternatives_are_a_wish_for_log_probabilities() -> None:
    """A completion's `logprobs: 0` is not false: it asks for each token's own."""
    with pytest.raises(UnsupportedParameter):
        select({"logprobs": 0}, make_target(), known=COMPLETION, supported=SUPPORTED)


def test_a_remedy_is_said_once_for_all_parameters_that_it_helps() -> None:
    """Beside the settings that always help, a 400 says what else does, where something does."""
    remedy = "Tools need another container."
    with pytest.raises(UnsupportedParameter) as caught:
        select(
            {"tools": [{}], "tool_choice": "required", "seed": 1},
            make_target(),
            known=CHAT,
            supported=SUPPORTED,
            remedies={"tools": remedy, "tool_choice": remedy, "n": "Never said."},
        )
    assert caught.value.message.count(remedy) == 1
    assert caught.value.message.endswith(remedy)


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        ({}, {"a": 1, "b": 2}),
        ({"chat_template_kwargs": {"b": 3}}, {"a": 1, "b": 3}),
        ({"chat_template_kwargs": None}, None),
    ],
)
def test_a_templates_switches_have_defaults_one_by_one(own: Json, sent: Json | None) -> None:
    """A request that sets one switch keeps the configured others; null sets none."""
    target = make_target(defaults={"chat_template_kwargs": {"a": 1, "b": 2}})
    assert effective(own, target, "chat")["chat_template_kwargs"] == sent
