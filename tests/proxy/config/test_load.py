"""The result of loading: places for later errors, the router's defaults, values without a file."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest
from pydantic import SecretStr, ValidationError

from adapters.errors import ConfigError
from proxy.config.load import load_values
from proxy.config.problems import ConfigProblems
from proxy.config.schema import ProxyConfig
from tests.proxy.config.workbench import MODEL, Workbench


def test_later_errors_get_their_place(bench: Workbench) -> None:
    """A check that knows only a key path is told with file, line, column and key."""
    loaded = bench.load(MODEL)
    path = ("model_list", 0, "litellm_params", "model")
    paths = (path, (*path[:3], "format"), ("model_list", 9))
    located = loaded.located(ConfigError("bad name", path=each) for each in paths)
    assert bench.short(located.lines) == [
        "config.yaml:4:7: model_list[0].litellm_params.model: bad name",
        "config.yaml:3:5: model_list[0].litellm_params.format: bad name",
        "config.yaml:1:1: model_list[9]: bad name",
    ]


def test_the_routers_defaults_reach_every_model(bench: Workbench) -> None:
    """`default_litellm_params` fill what a model does not say; the model's own wins."""
    loaded = bench.load(
        """
        router_settings:
          default_litellm_params:
            aws_region_name: eu-west-1
            timeout: 5
            top_k: 7
        model_list:
          - model_name: a
            litellm_params: {model: sagemaker/a}
          - model_name: b
            litellm_params: {model: sagemaker/b, timeout: 9, top_k: 1, aws_region_name: null}
        """
    )
    one, other = (entry.litellm_params for entry in loaded.config.model_list)
    assert (one.aws_region_name, one.timeout, one.defaults) == ("eu-west-1", 5, {"top_k": 7})
    assert (other.aws_region_name, other.timeout, other.defaults) == ("eu-west-1", 9, {"top_k": 1})
    path = ("model_list", 0, "litellm_params", "timeout")
    (line,) = loaded.located([ConfigError("bad", path=path)]).lines
    assert "config.yaml:4:5: " in line


def test_credentials_and_urls_are_inherited_as_a_whole(bench: Workbench) -> None:
    """A model with keys of its own never gets another identity's session token."""
    loaded = bench.load(
        """
        router_settings:
          default_litellm_params:
            aws_access_key_id: default
            aws_secret_access_key: default-secret
            aws_session_token: default-token
            api_base: http://default
        model_list:
          - model_name: a
            litellm_params:
              model: sagemaker/a
              aws_access_key_id: own
              aws_secret_access_key: own-secret
              base_url: http://own
          - model_name: b
            litellm_params: {model: sagemaker/b}
        """
    )
    own, inherited = (entry.litellm_params for entry in loaded.config.model_list)
    assert own.aws_session_token is None
    assert own.endpoint_url == "http://own"
    assert inherited.aws_session_token == SecretStr("default-token")
    assert inherited.endpoint_url == "http://default"


def test_a_wrong_default_is_told_once(bench: Workbench) -> None:
    """A problem of the defaults is one line at its own place, however many models inherit it."""
    problems = bench.problems(
        """
        model_list:
          - {model_name: a, litellm_params: {model: sagemaker/a}}
          - {model_name: b, litellm_params: {model: sagemaker/b}}
        router_settings:
          default_litellm_params:
            timeout: soon
            model: sagemaker/c
        """
    )
    assert problems == [
        "config.yaml:6:5: router_settings.default_litellm_params.timeout: expected a number",
        (
            "config.yaml:7:5: router_settings.default_litellm_params.model: "
            "belongs in each model's own litellm_params"
        ),
    ]


@pytest.mark.parametrize(
    "defaults", ["{default_litellm_params: 1}", "{default_litellm_params: []}"]
)
def test_defaults_are_a_mapping(bench: Workbench, defaults: str) -> None:
    """Anything else behind `default_litellm_params` is told as such."""
    assert bench.problems(f"{MODEL}router_settings: {defaults}\n") == [
        (
            "config.yaml:5:19: router_settings.default_litellm_params: "
            "expected a mapping of keys to values"
        )
    ]


def test_a_broken_entry_beside_defaults_is_told(bench: Workbench) -> None:
    """An entry without a mapping of parameters stays a plain problem when defaults exist."""
    text = "router_settings: {default_litellm_params: {top_k: 1}}\nmodel_list:\n  - 1\n"
    assert bench.problems(text) == [
        "config.yaml:3:5: model_list[0]: expected a mapping of keys to values"
    ]


def test_values_without_a_file_are_judged_the_same_way() -> None:
    """The one model of the command line goes through the same checks; its source is named."""
    entry = {"model_name": "m", "litellm_params": {"model": "openai/x"}}
    with pytest.raises(ConfigProblems) as caught:
        load_values({"model_list": [entry]}, "command line")
    assert str(caught.value) == (
        "command line: model_list[0].litellm_params.model: "
        "expected sagemaker/<endpoint-name>, sagemaker_chat/<endpoint-name>, "
        "sagemaker_nova/<endpoint-name> or sagemaker/openai/<endpoint-name>"
    )


def test_a_configuration_is_frozen_and_survives_pickling(bench: Workbench) -> None:
    """Workers get the parent's configuration as it is; nobody changes it."""
    config = bench.load(
        MODEL
        + "      aws_session_token: t0ken\n      extra_body: {a: [1]}\n      top_k: 1\n"
        + "general_settings: {master_key: sk-long-enough-1}\n"
    ).config
    copy = pickle.loads(pickle.dumps(config))  # noqa: S301 - our own bytes
    assert isinstance(copy, ProxyConfig)
    assert copy == config
    assert copy.model_list[0].litellm_params.defaults == {"a": [1], "top_k": 1}
    with pytest.raises(ValidationError):
        config.model_list = ()  # type: ignore[misc]


def test_a_loaded_configuration_is_frozen(bench: Workbench) -> None:
    """What the loader gives can't be changed either, the exports included."""
    loaded = bench.load(MODEL + "environment_variables: {A: b}\n")
    with pytest.raises(FrozenInstanceError):
        loaded.notices = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        loaded.exports["A"] = "c"  # type: ignore[index]
