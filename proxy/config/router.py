"""The schema of `router_settings`: which of a group is asked, and what after failures.

What `litellm_settings` says of the same is here as well; where both speak, the router's counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from adapters.deployment.values import (
    CountOrNone,
    Flag,
    NonNegativeSeconds,
    Places,
    PlacesOrNone,
    Seconds,
    Section,
    Text,
    Tries,
    absent,
)
from proxy.config.deployment import DeploymentSettings
from proxy.config.shared_state import GroupLimits, SharedStateSettings

#: LiteLLM's names; those of strategies that count money, or were replaced, stand for another.
RoutingStrategy = Literal[
    "simple-shuffle",
    "least-busy",
    "latency-based-routing",
    "usage-based-routing-v2",
    "usage-based-routing",
    "cost-based-routing",
]
#: Limits are enforced with or without the second, which is LiteLLM's switch for that.
PreCallCheck = Literal["session_affinity", "enforce_model_rate_limits"]
#: A model's name and the models that stand in for it, in the order in which they are asked.
FallbackLists = tuple[Mapping[Text, tuple[Text, ...]], ...]


class RetryCounts(Section):
    """`retry_policy`: further tries after failures of each kind, under LiteLLM's names."""

    BadRequestErrorRetries: Tries | None = None
    AuthenticationErrorRetries: Tries | None = None
    TimeoutErrorRetries: Tries | None = None
    RateLimitErrorRetries: Tries | None = None
    ContentPolicyViolationErrorRetries: Tries | None = None
    InternalServerErrorRetries: Tries | None = None


class Alias(Section):
    """A further name for a model."""

    model: Text
    #: Answers, and is not listed.
    hidden: Flag = False


class FallbackSettings(Section):
    """What is done after failures: the same keys in both sections; None where one is silent."""

    num_retries: Tries | None = None
    allowed_fails: CountOrNone | None = None
    fallbacks: FallbackLists | None = None
    context_window_fallbacks: FallbackLists | None = None
    default_fallbacks: tuple[Text, ...] | None = None
    max_fallbacks: Tries | None = None


class RouterSettings(FallbackSettings, SharedStateSettings):
    """`router_settings`: defaults for the deployments, and how one of a group is chosen."""

    timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    routing_strategy: RoutingStrategy = "simple-shuffle"
    model_group_alias: Mapping[Text, Text | Alias] = Field(default_factory=dict)
    enable_tag_filtering: Flag = False
    optional_pre_call_checks: tuple[PreCallCheck, ...] = ()
    default_max_parallel_requests: Places | None = None
    #: Requests that wait for one deployment.
    max_queued_requests: PlacesOrNone = 100
    adaptive_concurrency: Flag = False
    #: Seconds before a retry on the same deployment, at least.
    retry_after: Annotated[NonNegativeSeconds, Field(le=3600)] = 0
    retry_policy: RetryCounts = absent()
    model_group_retry_policy: Mapping[Text, RetryCounts] = Field(default_factory=dict)
    #: What a public model may use, by its name, whichever deployment answers.
    model_group_limits: Mapping[Text, GroupLimits] = Field(default_factory=dict)
    cooldown_time: Seconds = 5
    disable_cooldowns: Flag = False
    #: Already merged into each deployment by the loader; kept here to be checked and shown.
    default_litellm_params: DeploymentSettings = absent()

    @property
    def aliases(self) -> dict[str, str]:
        """Further public names, and the models that they stand for."""
        return {
            name: alias if isinstance(alias, str) else alias.model
            for name, alias in self.model_group_alias.items()
        }
