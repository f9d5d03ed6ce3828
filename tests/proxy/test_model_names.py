"""Names that the configuration mentions beside `model_list` must be models."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.model_names import unknown_names
from tests.proxy.served import config, entry

MODELS = [
    entry("a", "sagemaker/a"),
    entry("b", "sagemaker/b"),
    entry("sm/*", "sagemaker/*", allowed_endpoints=["x-*"]),
]


def found(section: str, **settings: Any) -> list[tuple[tuple[str | int, ...], str]]:
    named = config(model_list=MODELS, **{section: settings})
    return [(error.path, error.message) for error in unknown_names(named)]


@pytest.mark.parametrize("section", ["router_settings", "litellm_settings"])
def test_unknown_names_in_lists(section: str) -> None:
    """Each with its place, on either side of a list."""
    settings = {
        "fallbacks": [{"a": ["b", "nobody"]}, {"ghost": ["a"]}],
        "context_window_fallbacks": [{"a": ["gone"]}],
        "default_fallbacks": ["b", "lost"],
    }
    assert found(section, **settings) == [
        ((section, "fallbacks", 0, "a", 1), "no model has this name"),
        ((section, "fallbacks", 1, "ghost"), "no model has this name"),
        ((section, "context_window_fallbacks", 0, "a", 0), "no model has this name"),
        ((section, "default_fallbacks", 1), "no model has this name"),
    ]


def test_names_that_something_answers_to() -> None:
    """A wildcard's models, aliases, and `*` for every other model."""
    settings = {
        "fallbacks": [{"a": ["sm/x-1", "second"]}, {"*": ["b"]}, {"second": ["a"]}],
        "model_group_alias": {"second": "a", "third": {"model": "sm/x-2"}},
        "model_group_retry_policy": {"third": {"TimeoutErrorRetries": 1}},
    }
    assert found("router_settings", **settings) == []


def test_aliases_stand_for_models_only() -> None:
    """One that stands for an alias, for itself or for nothing would answer 404 to everybody."""
    aliases = {"one": "a", "two": "one", "self": "self", "none": "nobody"}
    place = ("router_settings", "model_group_alias")
    assert found("router_settings", model_group_alias=aliases) == [
        ((*place, "two"), "only an alias has this name"),
        ((*place, "self"), "only an alias has this name"),
        ((*place, "none"), "no model has this name"),
    ]
    assert found("litellm_settings", model_alias_map={"x": "y"}) == [
        (("litellm_settings", "model_alias_map", "x"), "no model has this name")
    ]


def test_other_places() -> None:
    """Retry policies, and the models that clients' headers are forwarded to (patterns are)."""
    assert found("router_settings", model_group_retry_policy={"x": {}}) == [
        (("router_settings", "model_group_retry_policy", "x"), "no model has this name")
    ]
    key = "forward_client_headers_to_llm_api"
    assert found("litellm_settings", model_group_settings={key: ["a*", "z*"]}) == [
        (("litellm_settings", "model_group_settings", key, 1), "no model has this name")
    ]
