"""Deployments put together: what can be called, and the pool of a public name.

Knows which part goes where; refuses to know where deployments come from and how long they are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from adapters.base import Invoker, Json
from adapters.endpoint import Endpoint
from adapters.openai.schemas import schemas_of
from adapters.value import value
from proxy.config.deployment import DeploymentParams
from proxy.config.schema import ModelInfo
from proxy.deployments import Deployment
from proxy.fleet.naming import name_of_deployment
from proxy.policies import Policies, cold_starts, weights
from proxy.routing.gate import Gate
from proxy.routing.live import LiveDeployment, LiveState
from proxy.routing.member import Member
from proxy.routing.pool import Pool
from proxy.routing.price import Price


@value(frozen=True, slots=True)
class Serving:
    """A deployment with the way there, and what is known of it while it serves."""

    deployment: Deployment
    invoker: Invoker
    live: LiveDeployment
    gate: Gate

    def member(self, policies: Policies, weight: float, *, alone: bool) -> Member:
        """Give it as a pool wants it; who waits for it already is let in by its limit now."""
        each, params = self.deployment, self.deployment.params
        endpoint = Endpoint(
            id=each.id,
            target=each.target,
            format=each.format,
            invoker=self.invoker,
            stream_mode=each.stream_mode,
            collect=each.composed.collect,
            memory=self.live.memory,
        )
        retries = params.max_retries if params.num_retries is None else params.num_retries
        admission = policies.admission_of(each.model, params)
        self.live.permits.hold_to(admission)
        cooldown = policies.cooldown_of(params)
        self.live.known_as = name_of_deployment(each.id, self.gate.site)
        self.live.longest_rest = cooldown.seconds if cooldown.enabled and not alone else 0.0
        return Member(
            endpoint=endpoint,
            provider=params.address.route.partition("/")[0],
            times=each.times,
            weight=weight,
            order=params.order,
            tags=frozenset(params.tags),
            retries=retries,
            cooldown=cooldown,
            cold=cold_starts(params),
            gate=self.gate,
            quota=policies.quota_of_deployment(each.id, each.model, params),
            admission=admission,
            most_bytes=policies.most_bytes,
            price=_price(params, each.info),
            live=self.live,
        )

    def condition(self, *, where: bool) -> Json:
        """Give how it does, by the last minute's calls.

        Args:
            where: Tell the endpoint's name as well.
        """
        each, health = self.deployment, self.live.health
        condition: Json = {
            "model": each.model,
            "model_id": each.id,
            "status": health.state,
            "seconds_left": round(health.seconds_left, 1),
            "in_flight": self.live.in_flight,
        }
        cold_for = self.gate.cold_for
        if cold_for is not None and not health.resting:
            condition["status"] = "cold"
            condition["cold_for"], condition["waiting"] = round(cold_for, 1), self.gate.waiting
        if where:
            condition["endpoint"] = each.target.endpoint
        if health.last_failure is not None:
            condition["last_failure"] = health.last_failure.told(self.live.clock())
        return condition

    def card(self) -> Json:
        """Give what clients may know of it, and the shapes of the replies seen since the start."""
        card, shapes = self.deployment.card(), self.live.memory.reply_shapes
        if not shapes:
            return card
        return {**card, "model_info": {**card["model_info"], "reply_shapes": sorted(shapes)}}


def serving(deployment: Deployment, invoker: Invoker, live: LiveState) -> Serving:
    """Give a deployment with what is known of it, and of what it stands in front of."""
    return Serving(deployment, invoker, live.of(deployment.id), live.gates.of(deployment.site))


def pool(model: str, group: Sequence[Serving], policies: Policies) -> Pool:
    """Give the pool of a public name; a field counts only where every deployment allows it."""
    params = [each.deployment.params for each in group]
    permitted = [frozenset[str](each.configurable_clientside_auth_params) for each in params]
    fingerprints = repr(sorted(each.deployment.fingerprint for each in group))
    return Pool(
        model=model,
        settings=hashlib.sha256(fingerprints.encode()).hexdigest(),
        members=tuple(
            each.member(policies, weight, alone=len(group) == 1)
            for each, weight in zip(group, weights(params), strict=True)
        ),
        permitted_fields=frozenset[str].intersection(*permitted),
        quota=policies.quota_of(model),
        strategy=policies.strategy,
        retries=policies.retries_of(model),
        by_tags=policies.by_tags,
        by_session=policies.by_session,
        schemas=schemas_of(each.deployment.format for each in group),
    )


def _price(params: DeploymentParams, info: ModelInfo) -> Price | None:
    """Give what a deployment costs; each of its prices may stand in either place."""
    said = [
        getattr(info, name) if getattr(params, name) is None else getattr(params, name)
        for name in ("input_cost_per_token", "output_cost_per_token", "input_cost_per_second")
    ]
    if said == [None, None, None]:
        return None
    read, written, second = (value or 0.0 for value in said)
    return Price(input_token=read, output_token=written, second=second)
