"""Registries of configurations with wildcards, over a played account."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import ModelNotFound
from proxy import deployments, registry
from proxy.policies import Policies
from proxy.registry import Registry
from proxy.routing.live import LiveState
from proxy.routing.pool import Pool
from proxy.wildcards.catalogue import Catalogue
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import config
from tests.proxy.wildcards.account import ScriptedAccount

ENVIRON = {"AWS_REGION": "eu-west-1"}

#: What clients try to get into a URL, or past a pattern; written where a `*` stands.
HOSTILE = (
    "",
    "*",
    "../admin",
    "..",
    "a/../b",
    "a/b",
    "a%2fb",
    "%2e%2e%2f",
    "a?b",
    "a#b",
    "a\nb",
    "a\n",
    "a\r\nX-Evil: 1",
    "a b",
    "a\x00",
    "a_b",
    "-a",
    "a-",
    "é",
    "\u0663",  # a digit, but not one of ASCII's
    "\uff41",  # a letter that some servers turn into ASCII's
    "a\u202eb",
    "a" * 64,
    "a" * 100_000,
    "a/",
    "/a",
    "a//b",
    "openai/a",
)


def registry_of(*models: dict[str, Any], account: Catalogue | None = None) -> Registry:
    """Give the registry of these entries; nothing is refreshed yet."""
    settings = config(model_list=list(models))
    live, policies = LiveState(), Policies()

    def invoker_for(_: object) -> ScriptedInvoker:
        return ScriptedInvoker()

    families = registry.families(
        deployments.wildcards(settings, ENVIRON),
        invoker_for,
        lambda _: account or ScriptedAccount(),
        live,
        policies,
    )
    return registry.build(
        deployments.deployments(settings, ENVIRON),
        invoker_for,
        live=live,
        policies=policies,
        report=lambda _: None,
        families=families,
    )


def endpoints(pool: Pool) -> list[str]:
    """Give the endpoints behind a public name."""
    return [member.endpoint.target.endpoint for member in pool.members]


def assert_missing(models: Registry, name: str) -> None:
    """Nothing answers under this name."""
    with pytest.raises(ModelNotFound) as raised:
        models.pool(name)
    assert raised.value.code == "model_not_found"
