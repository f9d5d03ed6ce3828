"""One request tries a deployment that has rested, also where others' counts take their time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from adapters.errors import RateLimited, Throttled
from proxy.limits.claim import Claim
from proxy.limits.ledger import Reservation
from proxy.limits.memory import MemoryLedger
from proxy.routing.live import LiveDeployment
from proxy.routing.member import Member
from proxy.routing.quota import Quota
from tests.proxy.routing.groups import ASK, GOOD, broken, member, model, new_call, pool, script
from tests.virtual_time import clock, run


class FarLedger(MemoryLedger):
    """Counts that are asked for over a network."""

    async def reserve(self, claims: Sequence[Claim], tokens: int) -> Reservation:
        await asyncio.sleep(0.1)
        return await super().reserve(claims, tokens)


class Scene:
    """`first` is asked before `second`; its limit is counted elsewhere."""

    def __init__(self, requests: int) -> None:
        claim = Claim(scope="d", label="d", requests=requests)
        self.asked = script(GOOD)
        self.other = script(GOOD)
        quota = Quota(FarLedger(clock), (claim,))
        live = [LiveDeployment(clock) for _ in range(2)]
        self.first = replace(member("first", self.asked, quota=quota), live=live[0])
        self.second = replace(member("second", self.other, order=1), live=live[1])
        self.served = model(pool(self.first, self.second))

    async def rests(self, which: Member) -> None:
        """Let it rest, until its trial is due."""
        which.live.health.failed(broken(Throttled), which.cooldown, alone=False)
        await asyncio.sleep(which.cooldown.seconds)

    async def crowd(self) -> None:
        await asyncio.gather(*(self.served.call(new_call(), ASK) for _ in range(5)))


def test_two_requests_never_begin_one_trial() -> None:
    """Whoever comes while the first one's limits are asked goes elsewhere."""

    async def main() -> None:
        scene = Scene(requests=100)
        await scene.rests(scene.first)
        await scene.crowd()
        assert (len(scene.asked.calls), len(scene.other.calls)) == (1, 4)
        assert scene.first.live.health.state == "healthy"

    run(main)


def test_a_trial_that_limits_refuse_is_free_again() -> None:
    """It was not made: the next request may be it."""

    async def main() -> None:
        scene = Scene(requests=0)
        await scene.rests(scene.first)
        await scene.crowd()
        assert (len(scene.asked.calls), len(scene.other.calls)) == (0, 5)
        assert scene.first.live.health.state == "on_trial"

    run(main)


def test_who_begins_to_rest_meanwhile_is_not_asked() -> None:
    """The choice is made of those that do not rest now, not of those that did not before."""

    async def main() -> None:
        scene = Scene(requests=0)
        asking = asyncio.ensure_future(scene.served.call(new_call(), ASK))
        await asyncio.sleep(0.05)
        health = scene.second.live.health
        health.failed(broken(Throttled), scene.second.cooldown, alone=False)
        (refused,) = await asyncio.gather(asking, return_exceptions=True)
        assert isinstance(refused, RateLimited)
        assert scene.other.calls == []

    run(main)
