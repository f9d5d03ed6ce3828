"""One deployment of a public model, as the pool sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from adapters.endpoint import Endpoint
from adapters.value import value
from proxy.routing.call import Call
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.gate import ColdStarts, Gate, Gates
from proxy.routing.live import LiveDeployment
from proxy.routing.permits import AdmissionPolicy
from proxy.routing.price import Price
from proxy.routing.quota import Quota
from proxy.routing.silence import Usual
from proxy.routing.site import Site, targets_of
from proxy.routing.times import Times


@value(frozen=True, slots=True, kw_only=True)
class Member:
    """A deployment, and its place in the group.

    Args:
        endpoint: Where its calls go.
        provider: The kind of its address, as LiteLLM names it.
        times: What its requests may take.
        weight: How much it is chosen by chance, against the others; 0 for all is all alike.
        order: Deployments of a lower one are tried before.
        tags: What requests may ask for.
        retries: Further tries after it failed; None leaves it to the group.
        cooldown: When it rests.
        quota: What it may use in a minute; None for no limit.
        admission: How many calls it takes at once; None: as many as come.
        most_bytes: Of each of its answers; None leaves that to the way there.
        price: What its answers cost; None: nobody said.
        cold: What requests do while it starts.
        gate: What it is reached through; shared by all that have the same site.
        live: What is known of it while it serves.
    """

    endpoint: Endpoint
    provider: str = "sagemaker"
    times: Times = field(default_factory=Times)
    weight: float = 0.0
    order: int = 0
    tags: frozenset[str] = frozenset()
    retries: int | None = None
    cooldown: CooldownPolicy = field(default_factory=CooldownPolicy)
    quota: Quota | None = None
    admission: AdmissionPolicy | None = None
    most_bytes: int | None = None
    price: Price | None = None
    cold: ColdStarts = field(default_factory=ColdStarts)
    gate: Gate = field(default_factory=lambda: Gates().of(Site()))
    live: LiveDeployment = field(default_factory=LiveDeployment)

    @property
    def has_room(self) -> bool:
        """Whether a call would go to it at once."""
        return self.admission is None or self.live.permits.has_room(self.admission)

    @property
    def is_full(self) -> bool:
        """Whether it would refuse a further request."""
        return self.admission is not None and self.live.permits.is_full(self.admission)

    @property
    def is_resting(self) -> bool:
        """Whether it is to be left alone after failures."""
        return self.live.health.resting

    def is_silent_among(self, group: tuple[Usual, Usual]) -> bool:
        """Whether its calls wait for much longer than is usual in its group: see `usual_in`."""
        whole, streams = self.live.silences
        pace = self.cooldown.seconds if self.cooldown.enabled else 0.0
        return whole.lasts(group[0], pace) or streams.lasts(group[1], pace)

    def gate_of(self, call: Call) -> Gate:
        """Give what a call reaches it through: a client may have chosen a part of the endpoint."""
        if call.component is None and not call.origin.headers:
            return self.gate
        allowed = self.endpoint.target.header_sources.client
        targets = targets_of(header for header in call.origin.headers if header[0] in allowed)
        return self.gate.at(self.gate.site.chosen(call.component, targets))


def usual_in(group: Sequence[Member]) -> tuple[Usual, Usual]:
    """Give what is usual among deployments: for whole answers, and for streams."""
    silences = [each.live.silences for each in group]
    return Usual(whole for whole, _ in silences), Usual(streams for _, streams in silences)
