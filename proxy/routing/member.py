"""One deployment of a public model, as the pool sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.endpoint import Endpoint
from proxy.routing.live import LiveDeployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A deployment, the times that its requests may take (in seconds), and its place in the group.

    Args:
        endpoint: Where its calls go.
        timeout: For a whole answer.
        stream_timeout: For a stream's first byte, and for each pause in it.
        weight: How much it is chosen by chance, against the others; 0 for all is all alike.
        order: Deployments of a lower one are tried before.
        tags: What requests may ask for.
        live: What is known while it serves.
    """

    endpoint: Endpoint
    timeout: float
    stream_timeout: float
    weight: float = 0.0
    order: int = 0
    tags: frozenset[str] = frozenset()
    live: LiveDeployment = field(default_factory=LiveDeployment)
