"""The configuration's models, as pools of endpoints that can be called."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from adapters.base import Json
from adapters.deployment.compose import InvokerFor
from adapters.endpoint import Endpoint, EndpointMemory
from adapters.errors import ModelNotFound
from proxy.deployments import Deployment
from proxy.routing.pool import Member, Pool, Report


class Registry:
    """Public model names and what answers under them."""

    def __init__(
        self, pools: Mapping[str, Pool], cards: Iterable[tuple[Json, EndpointMemory]]
    ) -> None:
        self._pools = dict(pools)
        self._cards = tuple(cards)
        #: When this configuration was loaded, in Unix seconds.
        self.created = int(time.time())

    def names(self) -> list[str]:
        """Give the public names in the configuration's order."""
        return list(self._pools)

    def cards(self) -> list[Json]:
        """Give what clients may know of each deployment, in the configuration's order.

        That is what the configuration says, and the shapes of the replies seen since the start.
        """
        return [_completed(card, memory) for card, memory in self._cards]

    def pool(self, model: str) -> Pool:
        """Give what answers under a public name.

        Raises:
            ModelNotFound: nothing does.
        """
        try:
            return self._pools[model]
        except KeyError:
            raise ModelNotFound(
                f"The model '{model[:200]}' does not exist; GET /v1/models lists those that do.",
                param="model",
            ) from None


def build(built: tuple[Deployment, ...], invoker_for: InvokerFor, report: Report) -> Registry:
    """Give the registry: deployments of the same public name share a pool."""
    groups: dict[str, list[Deployment]] = {}
    for each in built:
        groups.setdefault(each.target.model, []).append(each)
    memories = {each.id: EndpointMemory() for each in built}
    pools = {
        model: _pool(model, group, memories, invoker_for, report) for model, group in groups.items()
    }
    return Registry(pools, ((each.card(), memories[each.id]) for each in built))


def _completed(card: Json, memory: EndpointMemory) -> Json:
    if not memory.reply_shapes:
        return card
    info = {**card["model_info"], "reply_shapes": sorted(memory.reply_shapes)}
    return {**card, "model_info": info}


def _pool(
    model: str,
    group: list[Deployment],
    memories: Mapping[str, EndpointMemory],
    invoker_for: InvokerFor,
    report: Report,
) -> Pool:
    # A field counts only where every deployment that may be chosen allows it.
    permitted = [frozenset[str](each.params.configurable_clientside_auth_params) for each in group]
    members = tuple(
        Member(
            endpoint=Endpoint(
                id=each.id,
                target=each.target,
                format=each.format,
                invoker=each.invoker(invoker_for),
                stream_mode=each.stream_mode,
                collect=each.composed.collect,
                memory=memories[each.id],
            ),
            timeout=each.timeout,
            stream_timeout=each.stream_timeout,
        )
        for each in group
    )
    return Pool(
        model=model,
        members=members,
        permitted_fields=frozenset[str].intersection(*permitted),
        report=report,
    )
