"""Deployments put together: what can be called, and the pool of a public name.

Knows which part goes where; refuses to know where deployments come from and how long they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.base import Invoker, Json
from adapters.endpoint import Endpoint, EndpointMemory
from proxy.deployments import Deployment
from proxy.routing.call import Report
from proxy.routing.pool import Member, Pool


@dataclass(frozen=True, slots=True)
class Serving:
    """A deployment with the way there, and what has been learnt of it."""

    deployment: Deployment
    invoker: Invoker
    memory: EndpointMemory

    def member(self) -> Member:
        """Give it as a pool wants it."""
        each = self.deployment
        endpoint = Endpoint(
            id=each.id,
            target=each.target,
            format=each.format,
            invoker=self.invoker,
            stream_mode=each.stream_mode,
            collect=each.composed.collect,
            memory=self.memory,
        )
        return Member(endpoint=endpoint, timeout=each.timeout, stream_timeout=each.stream_timeout)

    def card(self) -> Json:
        """Give what clients may know of it, and the shapes of the replies seen since the start."""
        card = self.deployment.card()
        if not self.memory.reply_shapes:
            return card
        info = {**card["model_info"], "reply_shapes": sorted(self.memory.reply_shapes)}
        return {**card, "model_info": info}


def pool(model: str, group: Sequence[Serving], report: Report) -> Pool:
    """Give the pool of a public name; a field counts only where every deployment allows it."""
    permitted = [
        frozenset[str](each.deployment.params.configurable_clientside_auth_params) for each in group
    ]
    return Pool(
        model=model,
        members=tuple(each.member() for each in group),
        permitted_fields=frozenset[str].intersection(*permitted),
        report=report,
    )
