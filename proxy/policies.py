"""The configuration's rules for groups of deployments, as the routing knows them.

Knows which setting becomes which rule; refuses to know deployments but by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from proxy.config.deployment import DeploymentParams
from proxy.config.router import FallbackLists, RetryCounts, RoutingStrategy
from proxy.config.schema import ProxyConfig
from proxy.routing.balance import STRATEGIES, Strategy, simple_shuffle
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.fallbacks import Fallbacks, Models
from proxy.routing.retries import KINDS, Kind, RetryPolicy
from proxy.routing.times import Times

T = TypeVar("T")

_RETRIES: Final = 2
_MOST_FALLBACKS: Final = 5
#: Strategies that stand for another one; LiteLLM's own replacements, or the nearest.
_STANDS_FOR: Final[Mapping[RoutingStrategy, RoutingStrategy]] = {
    "usage-based-routing": "usage-based-routing-v2",
    "cost-based-routing": "simple-shuffle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What holds for groups of deployments.

    Args:
        strategy: Chooses one of a group.
        retries: When a request is tried again.
        group_retries: The same, for models that have a policy of their own.
        cooldown: When a deployment rests that does not say so itself.
        fallbacks: Who stands in for whom.
        by_tags: Whether requests choose deployments by their tags.
        by_session: Whether the requests of a session keep to one deployment.
        aliases: Further public names, and the models that they stand for.
        hidden: The aliases that are not listed.
    """

    strategy: Strategy = simple_shuffle
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    group_retries: Mapping[str, RetryPolicy] = field(default_factory=dict)
    cooldown: CooldownPolicy = field(default_factory=CooldownPolicy)
    fallbacks: Fallbacks = field(default_factory=Fallbacks)
    by_tags: bool = False
    by_session: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def retries_of(self, model: str) -> RetryPolicy:
        """Give when requests for a model are tried again."""
        return self.group_retries.get(model, self.retries)

    def cooldown_of(self, params: DeploymentParams) -> CooldownPolicy:
        """Give when a deployment rests."""
        general = self.cooldown
        fails = params.allowed_fails
        return CooldownPolicy(
            seconds=params.cooldown_time or general.seconds,
            allowed_fails=general.allowed_fails if fails is None else fails,
            enabled=general.enabled,
        )


def policies(config: ProxyConfig) -> Policies:
    """Give the configuration's rules; what `router_settings` says wins."""
    router, settings = config.router_settings, config.litellm_settings
    retries = RetryPolicy(
        retries=_said(_RETRIES, router.num_retries, settings.num_retries),
        by_kind=_by_kind(router.retry_policy),
        least_pause=router.retry_after,
    )
    aliases = {**settings.model_alias_map, **router.aliases}
    return Policies(
        strategy=STRATEGIES[_STANDS_FOR.get(router.routing_strategy, router.routing_strategy)],
        retries=retries,
        group_retries={
            aliases.get(model, model): RetryPolicy(
                retries=retries.retries, by_kind=_by_kind(counts), least_pause=router.retry_after
            )
            for model, counts in router.model_group_retry_policy.items()
        },
        cooldown=CooldownPolicy(
            seconds=router.cooldown_time,
            allowed_fails=_said(None, router.allowed_fails, settings.allowed_fails),
            enabled=not router.disable_cooldowns,
        ),
        fallbacks=Fallbacks(
            general=_lists(aliases, router.fallbacks, settings.fallbacks),
            context_window=_lists(
                aliases, router.context_window_fallbacks, settings.context_window_fallbacks
            ),
            default=_said((), router.default_fallbacks, settings.default_fallbacks),
            most=_said(_MOST_FALLBACKS, router.max_fallbacks, settings.max_fallbacks),
        ),
        by_tags=router.enable_tag_filtering,
        by_session="session_affinity" in router.optional_pre_call_checks,
        aliases=aliases,
        hidden=frozenset(
            name
            for name, alias in router.model_group_alias.items()
            if not isinstance(alias, str) and alias.hidden
        ),
    )


def times(params: DeploymentParams, *, total: float, stream: float | None) -> Times:
    """Give what a deployment's requests may take, with what the configuration says of all."""
    return Times(
        total=total,
        connect=params.connect_timeout,
        first_byte=params.first_byte_timeout,
        stream=stream,
        idle=params.idle_timeout,
        longest_stream=params.max_stream_duration,
    )


def weights(group: Iterable[DeploymentParams]) -> list[float]:
    """Give how much each of a group is chosen by chance: by weight, or else rpm, or else tpm.

    The first of them that any of the group has decides; who does not have it gets nothing then.
    """
    rows = [(params.weight, params.rpm, params.tpm) for params in group]
    for column in zip(*rows, strict=True):
        if any(value is not None for value in column):
            return [float(value or 0) for value in column]
    return [0.0] * len(rows)


def _lists(aliases: Mapping[str, str], *said: FallbackLists | None) -> dict[str, Models]:
    """Give the lists of the first section that has any, by the models that aliases stand for."""
    lists: FallbackLists = _said((), *said)
    return {aliases.get(model, model): models for entry in lists for model, models in entry.items()}


def _by_kind(counts: RetryCounts) -> dict[Kind, int]:
    return {kind: count for kind in KINDS if (count := getattr(counts, kind)) is not None}


def _said(otherwise: T, *said: T | None) -> T:
    """Give the first that is said."""
    return next((value for value in said if value is not None), otherwise)
