"""Replicas in one event loop, in virtual time, that hear each other a little later."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from proxy.fleet.fact import Fact
from proxy.fleet.hearsay import BEAT, SPREAD, Hearsay
from proxy.fleet.naming import name_of_deployment
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.gate import ColdStarts
from proxy.routing.live import LiveState
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from tests.proxy.routing.sleepy import Sleepy, member, model
from tests.virtual_time import clock

#: Seconds until the others hear what one says.
DELAY = 0.005
REST = 5.0
PACE = 5.0
COLD = ColdStarts(wait=900, pace=PACE)


@dataclass
class Wire:
    """Takes what one says to the others."""

    said: list[Fact] = field(default_factory=list)
    audience: list[Hearsay] = field(default_factory=list)

    def carry(self, fact: Fact) -> None:
        """Note it, and have the others hear it."""
        self.said.append(fact)
        for each in self.audience:
            asyncio.get_running_loop().call_later(DELAY, each.hear, fact)


@dataclass
class Replica:
    """One gateway: what it knows, and what it says."""

    live: LiveState
    wire: Wire
    hearsay: Hearsay
    served: PublicModel
    members: tuple[Member, ...]


def replica(endpoints: Sequence[Sleepy], *, seed: int = 0) -> Replica:
    """A gateway with one model in front of these endpoints, which asks each as it is cold."""
    chance, wire, live = random.Random(seed), Wire(), LiveState(clock)  # noqa: S311 - no secret
    hearsay = Hearsay(live, wire.carry, clock, lambda: chance.uniform(*SPREAD))
    live.news.listeners.append(hearsay)
    members = []
    for number, endpoint in enumerate(endpoints):
        made = member(endpoint, COLD, live.gates, endpoint=f"e{number}")
        known = live.of(f"d{number}")
        known.known_as = name_of_deployment(f"d{number}", made.gate.site)
        known.longest_rest = REST if len(endpoints) > 1 else 0.0
        named = replace(made.endpoint, id=f"d{number}")
        members.append(
            replace(made, endpoint=named, live=known, cooldown=CooldownPolicy(seconds=REST))
        )
    return Replica(live, wire, hearsay, model(*members), tuple(members))


def connected(count: int, endpoints: Sequence[Sleepy]) -> list[Replica]:
    """Gateways that hear each other."""
    replicas = [replica(endpoints, seed=seed) for seed in range(count)]
    for each in replicas:
        each.wire.audience += [other.hearsay for other in replicas if other is not each]
    return replicas


async def beating(replicas: Sequence[Replica]) -> None:
    """Have all repeat what must be repeated, until cancelled."""
    while True:
        await asyncio.sleep(BEAT)
        for each in replicas:
            each.hearsay.beat()
