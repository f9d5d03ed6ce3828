"""The settings of models with a `*`: what is refused at start, and with which words."""

from __future__ import annotations

import pytest

from proxy.config.wildcard import Discover, may_fit
from tests.proxy.config.workbench import Workbench

ENTRY = """\
model_list:
  - model_name: "sm/*"
    litellm_params:
      model: sagemaker_chat/*
"""
PARAMS = "config.yaml:5:7: model_list[0].litellm_params"
ONE_STAR = 'expected one "*" at most, in the endpoint\'s name'
BOTH = 'expected a "*" in both model_name and model, or in neither'
ONLY = 'only a model with a "*" in its endpoint\'s name has this setting'


@pytest.mark.parametrize(
    ("name", "model", "line"),
    [
        ("sm/**", "sagemaker/*", '2:5: model_list[0].model_name: expected one "*" at most'),
        ("*/*", "sagemaker/*", '2:5: model_list[0].model_name: expected one "*" at most'),
        ("sm/*", "sagemaker/*-*", f"4:7: model_list[0].litellm_params.model: {ONE_STAR}"),
        ("sm/*", "sagemaker/e", f"3:5: model_list[0].litellm_params: {BOTH}"),
        ("sm", "sagemaker/*", f"3:5: model_list[0].litellm_params: {BOTH}"),
    ],
)
def test_the_star_stands_once_in_each(bench: Workbench, name: str, model: str, line: str) -> None:
    """A pattern without its counterpart, or with several stars, means nothing."""
    text = ENTRY.replace("sm/*", name).replace("sagemaker_chat/*", f'"{model}"')
    assert bench.problems(text) == [f"config.yaml:{line}"]


def test_the_star_is_not_in_the_route(bench: Workbench) -> None:
    """A client never chooses what an endpoint speaks."""
    (line,) = bench.problems(ENTRY.replace("sagemaker_chat/*", '"*/e"'))
    assert "litellm_params.model: expected sagemaker/<endpoint-name>" in line


def test_the_provider_may_stand_apart(bench: Workbench) -> None:
    """`model` is then the endpoint's name alone, and may be nothing but the star."""
    text = ENTRY.replace("sagemaker_chat/*", '"*"\n      custom_llm_provider: sagemaker_nova')
    (entry,) = bench.load(text).config.model_list
    assert entry.litellm_params.wildcard
    address = entry.litellm_params.address
    assert (address.route, address.endpoint) == ("sagemaker_nova", "*")


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("allowed_endpoints: []", ".allowed_endpoints: needs at least one"),
        ("allowed_endpoints: [1]", ".allowed_endpoints[0]: expected a text: put it in quotes"),
        ("allowed_endpoints: e", ".allowed_endpoints: expected a list"),
        (
            "allowed_endpoints: [a/b]",
            '.allowed_endpoints[0]: expected an endpoint\'s name, which may have "*" in it',
        ),
        (
            "allowed_endpoints: ['[a]']",
            '.allowed_endpoints[0]: expected an endpoint\'s name, which may have "*" in it',
        ),
        ("discover: true", ".discover: expected a mapping of keys to values"),
        (
            "discover: {refresh_second: 60}",
            ".discover.refresh_second: unknown key (did you mean refresh_seconds?)",
        ),
        ("discover: {refresh_seconds: 29}", ".discover.refresh_seconds: must be at least 30"),
        (
            "discover: {refresh_seconds: .inf}",
            ".discover.refresh_seconds: expected a finite number",
        ),
        ("discover: {tags: [a]}", ".discover.tags: expected a mapping of keys to values"),
        ("discover: {name_contains: ''}", ".discover.name_contains: must not be empty"),
        ("alowed_endpoints: [a]", None),
        ("discovery: {}", None),
    ],
)
def test_values_are_checked(bench: Workbench, setting: str, line: str | None) -> None:
    """What can't bound a wildcard is refused, slips included: none becomes a parameter."""
    (problem,) = bench.problems(f"{ENTRY}      {setting}\n")
    if line is None:
        assert "unknown key (did you mean" in problem
    else:
        assert problem.partition("litellm_params")[2].startswith(line)


@pytest.mark.parametrize("setting", ["allowed_endpoints: [e]", "discover: {}"])
def test_only_a_wildcard_has_bounds(bench: Workbench, setting: str) -> None:
    """On a model that names its endpoint they would promise what they don't do."""
    text = ENTRY.replace("sm/*", "sm").replace("sagemaker_chat/*", "sagemaker_chat/e")
    key = setting.partition(":")[0]
    assert bench.problems(f"{text}      {setting}\n") == [f"{PARAMS}.{key}: {ONLY}"]


@pytest.mark.parametrize(
    "text",
    [
        f"{ENTRY}      model_id: c\n      discover: {{components: true}}\n",
        ENTRY.replace("sagemaker_chat/*", '"sagemaker_chat/*/c"')
        + "      discover: {components: true}\n",
    ],
)
def test_components_are_looked_for_or_named(bench: Workbench, text: str) -> None:
    """Where the component is named, there is nothing to look for."""
    (problem,) = bench.problems(text)
    assert problem.endswith("the model names its component already: leave components out")


@pytest.mark.parametrize("setting", ["allowed_endpoints: [e]", "discover: {}"])
def test_bounds_are_no_defaults(bench: Workbench, setting: str) -> None:
    """They are each model's own, and never sent to the containers of all."""
    router = f"router_settings:\n  default_litellm_params:\n    {setting}\n"
    (problem,) = bench.problems(ENTRY + router)
    assert problem.endswith("belongs in each model's own litellm_params")


def test_what_is_looked_for(bench: Workbench) -> None:
    """Tags are text however YAML reads them; the rest has defaults."""
    text = f"{ENTRY}      discover: {{tags: {{stage: 1, team: search}}}}\n"
    (entry,) = bench.load(text).config.model_list
    assert entry.litellm_params.discover == Discover(tags={"stage": "1", "team": "search"})
    assert entry.litellm_params.defaults == {}


@pytest.mark.parametrize(
    ("endpoint", "allowed", "fits"),
    [
        ("*", "e", True),
        ("*", "*", True),
        ("llm-*", "llm-*", True),
        ("llm-*", "llm-chat", True),
        ("llm-*", "*-chat", True),
        ("llm-*", "*", True),
        ("llm-*-prod", "llm-*", True),
        ("llm-*-prod", "*x*", True),
        ("llm-*-prod", "llm-x-prod", True),
        ("llm-*", "llm-", False),
        ("llm-*", "other-*", False),
        ("llm-*-prod", "*-test", False),
        ("llm-*-prod", "llm-prod", False),
        ("a*c", "ac", False),
        ("a*c", "*b", False),
    ],
)
def test_what_an_allow_list_can_let_through(endpoint: str, allowed: str, fits: bool) -> None:
    """Whether one name fits both, where the model's `*` stands for a character at least."""
    assert may_fit(endpoint, allowed) is fits
