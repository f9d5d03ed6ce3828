"""The configuration's rules for groups of deployments, as the routing knows them.

Knows which setting becomes which rule; refuses to know deployments but by name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Final, TypeVar

from adapters.value import value
from proxy.config.deployment import DeploymentParams
from proxy.config.redis_address import check_package
from proxy.config.router import FallbackLists, RetryCounts, RoutingStrategy
from proxy.config.schema import GeneralSettings, ProxyConfig
from proxy.config.shared_state import GroupLimits
from proxy.limits import claims
from proxy.limits.ledger import Ledger
from proxy.limits.ledgers import RedisSettings
from proxy.limits.memory import MemoryLedger
from proxy.routing.balance import STRATEGIES, Strategy, simple_shuffle
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.fallbacks import Fallbacks, Models
from proxy.routing.gate import ColdStarts
from proxy.routing.permits import AdmissionPolicy
from proxy.routing.quota import Quota
from proxy.routing.retries import KINDS, Kind, RetryPolicy
from proxy.routing.times import Times

T = TypeVar("T")

_MEGABYTE: Final = 1024 * 1024
_RETRIES: Final = 2
_MOST_FALLBACKS: Final = 5
#: Strategies that stand for another one; LiteLLM's own replacements, or the nearest.
_STANDS_FOR: Final[Mapping[RoutingStrategy, RoutingStrategy]] = {
    "usage-based-routing": "usage-based-routing-v2",
    "cost-based-routing": "simple-shuffle",
}


@value(frozen=True, slots=True, kw_only=True)
class Policies:
    """What holds for groups of deployments.

    Args:
        strategy: Chooses one of a group.
        retries: When a request is tried again.
        group_retries: The same, for models that have a policy of their own.
        cooldown: When a deployment rests that does not say so itself.
        admission: How many calls a deployment takes that does not say so itself.
        door: How many requests this process takes; None: as many as come.
        most_bytes: Of each answer of SageMaker's; None: as much as the transport takes.
        processes: How many serve together; each has its part of what holds for all.
        fallbacks: Who stands in for whom.
        by_tags: Whether requests choose deployments by their tags.
        by_session: Whether the requests of a session keep to one deployment.
        ledger: Who counts what models and deployments use.
        limits: What public models may use, by their names.
        aliases: Further public names, and the models that they stand for.
        hidden: The aliases that are not listed.
    """

    strategy: Strategy = simple_shuffle
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    group_retries: Mapping[str, RetryPolicy] = field(default_factory=dict)
    cooldown: CooldownPolicy = field(default_factory=CooldownPolicy)
    admission: AdmissionPolicy = field(default_factory=AdmissionPolicy)
    door: AdmissionPolicy | None = None
    most_bytes: int | None = None
    processes: int = 1
    fallbacks: Fallbacks = field(default_factory=Fallbacks)
    by_tags: bool = False
    by_session: bool = False
    ledger: Ledger = field(default_factory=MemoryLedger)
    limits: Mapping[str, GroupLimits] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def retries_of(self, model: str) -> RetryPolicy:
        """Give when requests for a model are tried again."""
        return self.group_retries.get(model, self.retries)

    def quota_of(self, model: str) -> Quota | None:
        """Give what a public model may use."""
        limits = self.limits.get(model)
        if limits is None:
            return None
        claim = claims.of_model(
            model, rpm=limits.rpm, tpm=limits.tpm, parallel=limits.max_parallel_requests
        )
        return None if claim is None else Quota(self.ledger, (claim,))

    def quota_of_deployment(
        self, deployment: str, model: str, params: DeploymentParams
    ) -> Quota | None:
        """Give what one deployment of a public model may use."""
        claim = claims.of_deployment(deployment, model, rpm=params.rpm, tpm=params.tpm)
        return None if claim is None else Quota(self.ledger, (claim,))

    def cooldown_of(self, params: DeploymentParams) -> CooldownPolicy:
        """Give when a deployment rests."""
        general = self.cooldown
        fails = params.allowed_fails
        return CooldownPolicy(
            seconds=params.cooldown_time or general.seconds,
            allowed_fails=general.allowed_fails if fails is None else fails,
            enabled=general.enabled,
        )

    def admission_of(self, model: str, params: DeploymentParams) -> AdmissionPolicy | None:
        """Give how many calls a deployment takes in this process; None: as many as come."""
        general = self.admission
        policy = replace(
            general,
            name=f"The model '{model}'",
            limit=_said(general.limit, params.max_parallel_requests),
            adaptive=_said(general.adaptive, params.adaptive_concurrency),
        )
        if policy.limit is None and not policy.adaptive:
            return None
        return policy.shared(self.processes)


def redis_settings(config: ProxyConfig) -> RedisSettings | None:
    """Give where limits are counted for several machines; None without Redis."""
    router = config.router_settings
    if router.redis_address is None:
        return None
    verify = config.litellm_settings.ssl_verify
    return RedisSettings(
        url=router.redis_address,
        fail_open=router.limits_without_redis == "fail_open",
        ca_file=verify if isinstance(verify, str) else None,
    )


def check_limits(config: ProxyConfig) -> None:
    """Find out what would keep limits from being counted in Redis.

    Raises:
        ConfigError: says what is missing.
    """
    router = config.router_settings
    if router.redis_address is not None:
        check_package("router_settings", "redis_host" if router.redis_url is None else "redis_url")


def _bytes(megabytes: float | None) -> int | None:
    return None if megabytes is None else int(megabytes * _MEGABYTE)


def policies(config: ProxyConfig, processes: int = 1) -> Policies:
    """Give the configuration's rules; what `router_settings` says wins.

    Args:
        config: The configuration.
        processes: How many serve it together.
    """
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
        admission=_admission(config),
        door=_door(config.general_settings, processes),
        most_bytes=_bytes(config.general_settings.max_response_size_mb),
        processes=processes,
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
        limits=router.model_group_limits,
        aliases=aliases,
        hidden=frozenset(
            name
            for name, alias in router.model_group_alias.items()
            if not isinstance(alias, str) and alias.hidden
        ),
    )


def _admission(config: ProxyConfig) -> AdmissionPolicy:
    general, router = config.general_settings, config.router_settings
    return AdmissionPolicy(
        limit=_said(general.max_parallel_requests, router.default_max_parallel_requests),
        queue=router.max_queued_requests,
        seconds=general.admission_queue_timeout_seconds,
        adaptive=router.adaptive_concurrency,
    )


def _door(general: GeneralSettings, processes: int) -> AdmissionPolicy | None:
    """Give how many requests a process takes: its own limit, or its part of the one for all."""
    together = general.global_max_parallel_requests
    limits = [
        general.max_in_flight_requests_per_worker,
        None if together is None else math.ceil(together / processes),
    ]
    said = [limit for limit in limits if limit is not None]
    if not said:
        return None
    return AdmissionPolicy(
        name="The gateway",
        limit=min(said),
        queue=general.max_queued_requests_per_worker,
        seconds=general.admission_queue_timeout_seconds,
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


def cold_starts(params: DeploymentParams) -> ColdStarts:
    """Give what a deployment's requests do while it starts."""
    return ColdStarts(
        wait=params.cold_start_wait,
        most_waiters=params.cold_start_max_waiters,
        pace=params.cold_start_probe_interval,
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
