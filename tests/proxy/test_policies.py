"""The configuration's rules for groups, as the routing takes them."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import Throttled
from proxy.config.deployment import DeploymentParams
from proxy.policies import Policies, policies, times, weights
from proxy.routing.balance import least_busy, simple_shuffle, usage_based
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.retries import RetryPolicy
from tests.proxy.served import config, entry

MODELS = [entry(name, f"sagemaker/{name}") for name in "abc"]


def rules(settings: dict[str, Any] | None = None, **router: Any) -> Policies:
    """Give the rules of these two sections."""
    return policies(
        config(
            model_list=MODELS,
            **({"router_settings": router} if router else {}),
            **({"litellm_settings": settings} if settings else {}),
        )
    )


def params(**settings: Any) -> DeploymentParams:
    return DeploymentParams.model_validate({"model": "sagemaker/e", **settings})


def test_a_configuration_that_says_nothing() -> None:
    """Two retries, five seconds of rest, by chance, and nobody stands in."""
    said = rules()
    assert (said.strategy, said.retries) == (simple_shuffle, RetryPolicy(retries=2))
    assert said.cooldown == CooldownPolicy(seconds=5, allowed_fails=None, enabled=True)
    assert said.fallbacks.of("a", Throttled("x")) == ()
    assert (said.by_tags, said.by_session, said.aliases, said.hidden) == (
        False,
        False,
        {},
        frozenset(),
    )


def test_the_router_wins_over_the_settings() -> None:
    """What both say is the router's; what it does not say is the settings'; 0 is something."""
    settings = {
        "num_retries": 5,
        "allowed_fails": 7,
        "fallbacks": [{"a": ["b"]}],
        "default_fallbacks": ["c"],
        "max_fallbacks": 1,
    }
    said = rules(settings)
    assert (said.retries.retries, said.cooldown.allowed_fails) == (5, 7)
    assert said.fallbacks.of("a", Throttled("x")) == ("b",)
    assert said.fallbacks.of("b", Throttled("x")) == ("c",)
    assert said.fallbacks.most == 1
    said = rules(settings, num_retries=0, allowed_fails=0, fallbacks=[], max_fallbacks=3)
    assert (said.retries.retries, said.cooldown.allowed_fails) == (0, 0)
    assert said.fallbacks.of("a", Throttled("x")) == ("c",)
    assert said.fallbacks.most == 3


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("least-busy", least_busy),
        ("usage-based-routing", usage_based),
        ("usage-based-routing-v2", usage_based),
        ("cost-based-routing", simple_shuffle),
    ],
)
def test_strategies_by_name(name: str, strategy: object) -> None:
    """Those that LiteLLM replaced, or that count money, stand for another."""
    assert rules(routing_strategy=name).strategy is strategy


def test_retries_by_kind_and_by_model() -> None:
    """A model's own counts stand in the general ones' place; `retry_after` holds for all."""
    said = rules(
        retry_after=2,
        retry_policy={"RateLimitErrorRetries": 4},
        model_group_retry_policy={"a": {"TimeoutErrorRetries": 1}},
    )
    assert said.retries_of("b").by_kind == {"RateLimitErrorRetries": 4}
    assert said.retries_of("a").by_kind == {"TimeoutErrorRetries": 1}
    assert said.retries_of("a").least_pause == said.retries_of("b").least_pause == 2


def test_rules_for_an_alias_are_its_models() -> None:
    """Requests under either name have them."""
    said = rules(
        {"model_alias_map": {"second": "b"}},
        model_group_alias={"first": "a", "secret": {"model": "c", "hidden": True}},
        fallbacks=[{"first": ["b"]}],
        context_window_fallbacks=[{"second": ["c"]}],
        model_group_retry_policy={"secret": {"TimeoutErrorRetries": 1}},
    )
    assert said.aliases == {"first": "a", "second": "b", "secret": "c"}
    assert said.hidden == {"secret"}
    assert said.fallbacks.general == {"a": ("b",)}
    assert said.fallbacks.context_window == {"b": ("c",)}
    assert said.retries_of("c").by_kind == {"TimeoutErrorRetries": 1}


def test_a_deployments_rest_is_its_own() -> None:
    """What it does not say, the router does."""
    said = rules(cooldown_time=9, allowed_fails=3, disable_cooldowns=True)
    assert said.cooldown_of(params()) == CooldownPolicy(seconds=9, allowed_fails=3, enabled=False)
    own = said.cooldown_of(params(cooldown_time=1, allowed_fails=0))
    assert (own.seconds, own.allowed_fails) == (1, 0)


def test_groups_are_chosen_by_tags_and_sessions_when_told() -> None:
    """Both are off by default."""
    said = rules(enable_tag_filtering=True, optional_pre_call_checks=["session_affinity"])
    assert (said.by_tags, said.by_session) == (True, True)


def test_each_part_of_a_request_has_its_time() -> None:
    """Five seconds to connect; the others only where they are configured."""
    plain = times(params(), total=60, stream=None)
    assert (plain.total, plain.connect, plain.first_byte, plain.idle) == (60, 5, None, None)
    said = times(
        params(connect_timeout=1, first_byte_timeout=2, idle_timeout=3, max_stream_duration=4),
        total=60,
        stream=5,
    )
    assert (said.connect, said.first_byte, said.idle, said.longest_stream) == (1, 2, 3, 4)
    assert said.stream == 5


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ([{}, {}], [0, 0]),
        ([{"weight": 2}, {"weight": 1}], [2, 1]),
        ([{"weight": 2}, {"rpm": 100}], [2, 0]),
        ([{"rpm": 6}, {"rpm": 2, "tpm": 9}], [6, 2]),
        ([{"tpm": 6}, {}], [6, 0]),
    ],
)
def test_the_first_measure_that_a_group_has_weighs_it(
    group: list[dict[str, Any]], expected: list[float]
) -> None:
    """Weight, else rpm, else tpm; who does not have it gets nothing."""
    assert weights([params(**each) for each in group]) == expected
