"""From a plan to a gateway: deployments, the way to AWS, discovery, keys.

A composition root. Knows what gateways share while one follows the other; refuses to know when that
happens, and HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from adapters.base import Invoker
from adapters.credential_state import CredentialState
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.documents import Documents
from adapters.sagemaker.network import Network, read_network
from adapters.sagemaker.settings import AwsSettings
from adapters.value import value
from proxy import deployments, registry
from proxy.auth.caller import Caller
from proxy.auth.custom_auth import CustomAuth, load_custom_auth
from proxy.auth.keyring import Keyring, KeyTable, Voucher
from proxy.auth.peers import Peers
from proxy.auth.route_rules import RouteRules
from proxy.auth.static_keys import static_keys
from proxy.cache.opening import open_cache
from proxy.callbacks.calling import calling
from proxy.callbacks.loading import callbacks
from proxy.config.schema import GeneralSettings, LitellmSettings, ProxyConfig
from proxy.deployments import Deployment
from proxy.door import Door
from proxy.fleet.fleet import Fleet
from proxy.gateway import Gateway
from proxy.health.board import Board
from proxy.health.checking import Checks, Descriptions, Rounds, checked
from proxy.json_body import JsonLimits
from proxy.jwt.opening import tokens
from proxy.keys.opening import virtual_keys
from proxy.lifecycle.plan import Plan
from proxy.limits.ledgers import Ledgers
from proxy.policies import Policies, policies, redis_settings
from proxy.redis_line import Lines
from proxy.routing.live import LiveState
from proxy.telemetry import logs
from proxy.telemetry.metrics.reporter import Metrics, both
from proxy.telemetry.redactor import Redactor, load
from proxy.tracing.opening import tracing
from proxy.wildcards.catalogue import Catalogue
from proxy.wildcards.watch import refreshed

_MEGABYTE: Final = 1024 * 1024
_LOOPBACK_ORIGIN: Final = r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?"
#: Seconds that credentials may take before a gateway serves without them; they come later then.
_PREPARE_SECONDS: Final = 10.0


class Account(Catalogue, Descriptions, Protocol):
    """An account's endpoints: which there are, and how they are."""


class WayToAws(Protocol):
    """Invokers for deployments, and the credentials behind them."""

    def invoker(self, settings: AwsSettings) -> Invoker:
        """Give the invoker for one deployment."""
        ...

    def catalogue(self, settings: AwsSettings, environ: Mapping[str, str]) -> Account:
        """Give the account behind one deployment, at the address that AWS's variables name."""
        ...

    def credentials(self) -> CredentialState:
        """Tell how the credentials that are fetched stand."""
        ...

    async def prepare(self) -> None:
        """Get ready for the first request."""
        ...


#: Opens the way to AWS through a network.
Opener = Callable[[Network], AbstractAsyncContextManager[WayToAws]]


@asynccontextmanager
async def open_connections(network: Network) -> AsyncIterator[WayToAws]:
    """Open the way to SageMaker Runtime: connections and credentials, shared by all deployments."""
    connections = Connections(network)
    try:
        yield connections
    finally:
        await connections.aclose()


@value(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What can be made of a plan without an event loop."""

    deployments: tuple[Deployment, ...]
    wildcards: tuple[Deployment, ...]
    network: Network
    keys: Mapping[bytes, Caller]
    policies: Policies
    #: None where conversations are not logged.
    transcript: Redactor | None
    custom_auth: CustomAuth | None

    @classmethod
    def of(cls, plan: Plan, processes: int) -> _Parts:
        """Make them; chat templates are compiled here."""
        entries = deployments.entries(plan.config, plan.environ)
        return cls(
            deployments=tuple(each for each in entries if not each.params.wildcard),
            wildcards=tuple(each for each in entries if each.params.wildcard),
            network=read_network(plan.environ, ssl_verify=plan.config.litellm_settings.ssl_verify),
            policies=policies(plan.config, processes),
            keys=static_keys(plan.config.keys),
            transcript=_transcript(plan.config.litellm_settings),
            custom_auth=load_custom_auth(plan.config.general_settings.custom_auth, plan.folder),
        )

    @property
    def holds_streams(self) -> bool:
        """Whether a stream may have to wait until its endpoint has started."""
        return any(each.params.cold_start_wait for each in (*self.deployments, *self.wildcards))

    def keyring(self, plan: Plan, table: KeyTable | None, vouchers: Sequence[Voucher]) -> Keyring:
        """Give who may call: with the plan's keys, the table's, or somebody who vouches."""
        general = plan.config.general_settings
        return Keyring(
            plan.master_key,
            keys=self.keys,
            table=table,
            vouchers=vouchers,
            header=general.litellm_key_header_name,
            rules=RouteRules(
                allowed=frozenset(general.allowed_routes) or None,
                admin_only=frozenset(general.admin_only_routes),
            ),
            public_paths=public_paths(plan.config),
            any_host=general.dangerously_permit_weak_or_unset_master_key,
        )


@dataclass(slots=True)
class _OpenWay:
    """A way to AWS, and for how many gateways it is open."""

    way: WayToAws
    closing: AsyncExitStack
    users: int = 0


class Builder:
    """Builds gateways that share connections, and what has been learnt of the deployments.

    Gateways of one network share one way to AWS: a new one finds its connections open, and the
    credentials of every identity that stays. It is closed with its last gateway.

    Args:
        opener: Opens the way to AWS.
        ledgers: Count what limits are about; closed by whoever made them.
        metrics: Count what happens.
        processes: How many serve each plan together.
        shared: A folder of theirs; None for a process that serves alone.
    """

    def __init__(
        self,
        opener: Opener = open_connections,
        ledgers: Ledgers | None = None,
        metrics: Metrics | None = None,
        *,
        processes: int = 1,
        shared: Path | None = None,
    ) -> None:
        self._opener = opener
        self._ledgers = Ledgers() if ledgers is None else ledgers
        self._lines = Lines()
        self._metrics = Metrics() if metrics is None else metrics
        self._processes = processes
        self._shared = shared
        self._ways: dict[Network, _OpenWay] = {}
        #: What outlives gateways, by a deployment's id.
        self.live = LiveState()
        self._fleet = Fleet(self.live, self._metrics)

    @asynccontextmanager
    async def open(self, plan: Plan, before: Gateway | None = None) -> AsyncIterator[Gateway]:
        """Open a plan's gateway for the block.

        Nothing but the plan decides what it serves; from the one before it takes over what
        discovery has found, so that nothing disappears until AWS has answered again.

        Raises:
            ConfigError: the configuration names what does not exist.
        """
        parts = await asyncio.to_thread(_Parts.of, plan, self._processes)
        settings = plan.config.litellm_settings
        kept = None if before is None else before.cache
        async with (
            self._way(parts.network) as aws,
            open_cache(settings, plan.environ, kept, self._lines) as cache,
            self._ledgers.open(redis_settings(plan.config), self._lines) as ledger,
            virtual_keys(plan.config.general_settings, parts.keys) as virtual,
            _vouchers(plan, parts) as vouchers,
            calling(
                callbacks(settings, plan.folder),
                settings.callback_timeout,
                self._metrics.callback_failed,
                names_caller=not settings.redact_user_api_key_info,
            ) as called,
            tracing(settings, plan.environ) as traces,
        ):
            rules = replace(parts.policies, ledger=ledger)
            report = both(
                partial(logs.report_call, names_caller=not settings.redact_user_api_key_info),
                self._metrics.report,
                *(each.report for each in (called, traces) if each is not None),
            )
            keyring = parts.keyring(plan, virtual and virtual.live, vouchers)
            families = registry.families(
                parts.wildcards,
                aws.invoker,
                partial(aws.catalogue, environ=plan.environ),
                self.live,
                rules,
            )
            models = registry.build(
                parts.deployments,
                aws.invoker,
                live=self.live,
                policies=rules,
                report=report if virtual is None else virtual.reporting(report),
                families=families,
                cache=cache,
                transcript=parts.transcript,
            )
            self._metrics.know(models.members())
            if before is not None:
                for listing in models.listings:
                    listing.inherit(before.registry.listings)
            general = plan.config.general_settings
            checks = Checks(
                models.servings,
                lambda each: aws.catalogue(each.composed.aws, plan.environ),
                Board(self._shared),
            )
            if before is not None:
                checks.board.inherit(before.checks.board)
            async with (
                _prepared(aws),
                refreshed(models.listings),
                checked(checks, _rounds(general)),
                self._fleet.open(redis_settings(plan.config)),
            ):
                yield Gateway(
                    registry=models,
                    checks=checks,
                    tells_health=general.health_check_details,
                    keyring=keyring,
                    peers=Peers(general.allowed_ips, general.trusted_proxy_ranges),
                    max_body_bytes=int(general.max_request_size_mb * _MEGABYTE),
                    json_limits=JsonLimits(general.max_json_items, general.max_json_keys),
                    cors=_cors(general, key_required=keyring.key_required),
                    cache=cache,
                    desk=virtual and virtual.desk,
                    callbacks=called,
                    tracing=traces,
                    budgets=tuple if virtual is None else virtual.live.spending.budgets,
                    holds_streams=parts.holds_streams,
                    door=self._door(rules),
                )

    def credentials(self) -> CredentialState:
        """Tell how all gateways' credentials stand."""
        return CredentialState.of_all(each.way.credentials() for each in self._ways.values())

    def _door(self, rules: Policies) -> Door | None:
        self.live.door.hold_to(rules.door)
        return None if rules.door is None else Door(self.live.door, rules.door)

    @asynccontextmanager
    async def _way(self, network: Network) -> AsyncIterator[WayToAws]:
        shared = self._ways.get(network)
        if shared is None:
            closing = AsyncExitStack()
            way = await closing.enter_async_context(self._opener(network))
            shared = self._ways[network] = _OpenWay(way, closing)
        shared.users += 1
        try:
            yield shared.way
        finally:
            shared.users -= 1
            if not shared.users:
                del self._ways[network]
                await shared.closing.aclose()


def _transcript(settings: LitellmSettings) -> Redactor | None:
    """Give what conversations pass on their way to the log; None where they stay out of it."""
    if not settings.log_messages or settings.turn_off_message_logging:
        return None
    own = settings.redact_messages
    return Redactor(None if own is None else load(own))


@asynccontextmanager
async def _vouchers(plan: Plan, parts: _Parts) -> AsyncIterator[Sequence[Voucher]]:
    """Give those who know keys that are written down nowhere, for the block."""
    async with (
        aclosing(Documents(parts.network)) as documents,
        tokens(plan.config.general_settings, documents.fetch) as signed,
    ):
        yield tuple(each for each in (signed, parts.custom_auth) if each is not None)


def public_paths(config: ProxyConfig) -> tuple[str, ...]:
    """Give the paths that need no key although their routes do."""
    if config.litellm_settings.require_auth_for_metrics_endpoint:
        return config.general_settings.public_routes
    return (*config.general_settings.public_routes, "/metrics")


def _rounds(general: GeneralSettings) -> Rounds:
    return Rounds(
        calls=general.background_health_checks,
        states=general.describe_endpoints,
        interval=general.health_check_interval,
    )


@asynccontextmanager
async def _prepared(aws: WayToAws) -> AsyncIterator[None]:
    """Get credentials for the block; it begins when they are there, or when that takes long."""
    preparing = asyncio.create_task(aws.prepare(), name="credentials")
    try:
        await asyncio.wait({preparing}, timeout=_PREPARE_SECONDS)
        yield
    finally:
        preparing.cancel()
        await asyncio.gather(preparing, return_exceptions=True)


def _cors(general: GeneralSettings, *, key_required: bool) -> dict[str, Any]:
    """Give the origins whose pages may call: without a key, only those of this machine."""
    rules: dict[str, Any] = {
        "allow_methods": ["*"],
        "allow_headers": ["*"],
        "expose_headers": ["*"],
    }
    if general.allowed_origins is not None:
        return {**rules, "allow_origins": list(general.allowed_origins)}
    if key_required:
        return {**rules, "allow_origins": ["*"]}
    return {**rules, "allow_origin_regex": _LOOPBACK_ORIGIN}
