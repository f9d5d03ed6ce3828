"""Whom a request asks next, among the deployments of one pool, and whether it asks on.

Knows what stands in a request's way to each of them: rests, gates, limits, permits. Refuses to know
the time that it has, and how it asks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.errors import EndpointCold, GatewayError, RateLimited
from proxy.routing.attempt import Attempt
from proxy.routing.call import Call
from proxy.routing.counting import take
from proxy.routing.gate import Gate, Probe
from proxy.routing.member import Member, usual_in
from proxy.routing.patience import Patience
from proxy.routing.quota import Receipt
from proxy.routing.silence import Usual
from proxy.routing.tags import tagged

if TYPE_CHECKING:
    from proxy.routing.pool import Pool


class Search:
    """One request's tries in one pool: whom to ask next, and whether to go on.

    Args:
        pool: Whose deployments these are.
        call: What is asked for.
        last: Nobody else could answer.
    """

    #: How it goes about cold ones, once there are any.
    _patience: Patience | None = None
    _tried: frozenset[str] = frozenset()
    _retried = 0

    def __init__(self, pool: Pool, call: Call, *, last: bool) -> None:
        self._pool = pool
        self._call = call
        self._last = last
        members = tagged(pool.members, call.wishes.tags) if pool.by_tags else pool.members
        self._members = members
        self._alone = len(members) == 1
        pool.budget.request()

    def begun(self) -> Attempt | None:
        """Begin at once, if nothing is in the way to any deployment; so it is most of the time."""
        members = self._members
        if self._alone:
            member = members[0]
            if member.quota is not None or not (member.admission is None or member.has_room):
                return None
        elif self._tried or not _at_ease(members):
            return None
        else:
            member = self._pool.choose(self._call, members)
        gate = member.gate_of(self._call)
        if gate.cold_since is not None:
            return None
        return self._attempt(member, _entered(member, gate))

    def _patient(self) -> Patience:
        if self._patience is None:
            self._patience = Patience(self._call)
        return self._patience

    def end(self) -> None:
        """Wait for nothing any more."""
        if self._patience is not None:
            self._patience.end()

    async def begin(self) -> Attempt:
        """Begin the next try: with a deployment that is not resting, and not tried yet if possible.

        Cold ones are passed over, but by one request at a time; where there are no others, it
        waits for one to start. One whose limits are reached is passed over as well.

        Raises:
            RateLimited: every deployment rests, or has reached its limits.
            EndpointCold: the others have yet to start, or did not in time.
            Overloaded: as many as may wait already.
        """
        while not (ready := self._ready()):
            await self._patient().wait(self._awake(), self._next_rest)
        if len(ready) == 1:
            (only,) = ready if ready[0].admission is None else _with_room(ready)
            return await self._begin_with(only)
        fresh = [member for member in ready if member.endpoint.id not in self._tried]
        stale = [member for member in ready if member.endpoint.id in self._tried]
        refusals: list[RateLimited] = []
        for candidates in (fresh, stale):
            # Others go on while limits are asked: who could be tried before may rest by now.
            while left := [each for each in candidates if not refusals or not each.is_resting]:
                member = self._pool.choose(self._call, _with_room(self._talking(left)))
                try:
                    return await self._begin_with(member)
                except RateLimited as error:
                    refusals.append(error)
                    candidates.remove(member)
        raise min(refusals, key=_patience)

    async def _begin_with(self, member: Member) -> Attempt:
        """Begin with a deployment; its trial, and its gate's, are this request's from the start."""
        entry = probe, is_trial = _entered(member, member.gate_of(self._call))
        if member.quota is None:
            return self._attempt(member, entry)
        try:
            told = len(self._pool.members) == 1
            receipt = await take(member.quota, self._call, told=told)
        except BaseException:
            probe.ended()
            if is_trial:
                member.live.health.spared()
            raise
        return self._attempt(member, entry, receipt)

    def _attempt(
        self, member: Member, entry: tuple[Probe, bool], receipt: Receipt | None = None
    ) -> Attempt:
        call = self._call
        tried = call.reaches(self._pool.model, member.endpoint, member.provider, member.price)
        if receipt is not None:
            tried.remaining = receipt.remaining
        probe, is_trial = entry
        return Attempt(
            member,
            tried,
            probe,
            call.caller,
            alone=self._alone,
            is_trial=is_trial,
            receipt=receipt,
        )

    @property
    def _rest(self) -> float:
        """Seconds until one of the deployments may be asked."""
        return min(member.live.health.seconds_left for member in self._members)

    def failed(self, member: Member, error: GatewayError) -> float | None:
        """Give the seconds until the next try; None where there is to be none.

        To go on from one that is cold is no retry.
        """
        self._tried |= {member.endpoint.id}
        if isinstance(error, EndpointCold):
            if self._others or (self._last and self._waits(self._members)):
                return 0.0
            if not self._last:
                return None
        pause = self._pause(member, error)
        if pause is not None:
            self._retried += 1
            self._call.retries += 1
        return pause

    def _awake(self) -> Sequence[Member]:
        """Give the deployments that are not resting.

        Raises:
            RateLimited: there are none.
        """
        if self._alone:
            return self._members
        awake = [member for member in self._members if not member.is_resting]
        if awake:
            return awake
        raise RateLimited(
            f"Every deployment of the model '{self._pool.model}' rests after failures.",
            code="no_deployments_available",
            retry_after=max(self._rest, 1.0),
        )

    def _ready(self) -> Sequence[Member]:
        """Give the deployments that may be asked now; none if that is worth waiting for.

        Raises:
            EndpointCold: there is none, and somebody else may answer.
        """
        awake = self._members if self._alone else self._awake()
        ready = [member for member in awake if self._patient().lets(member)]
        if ready:
            return ready
        if not self._last:
            raise self._patient().refusal(awake)
        # Where nobody waits, the endpoint is to say for itself that it is cold.
        return [] if self._waits(awake) else awake

    @staticmethod
    def _waits(members: Sequence[Member]) -> bool:
        return any(member.cold.wait for member in members)

    @property
    def _next_rest(self) -> float | None:
        """Seconds until a further deployment has rested; None: all have."""
        healths = (member.live.health for member in self._members)
        return min((health.seconds_left for health in healths if health.resting), default=None)

    def _talking(self, candidates: Sequence[Member]) -> Sequence[Member]:
        """Give those that have not fallen silent, and could answer; else all."""
        usual = usual_in(self._members)
        silent = [each for each in candidates if each.is_silent_among(usual)]
        if not silent:
            return candidates
        return [
            each for each in candidates if not each.is_full and each not in silent
        ] or candidates

    @property
    def _others(self) -> list[Member]:
        """Give the deployments that were not tried and could be asked now."""
        return [
            each
            for each in self._members
            if each.endpoint.id not in self._tried
            and not each.is_resting
            and self._patient().lets(each)
        ]

    def _pause(self, member: Member, error: GatewayError) -> float | None:
        untried = self._others
        others = bool(untried)
        policy = self._pool.retries.wanted(self._call.wishes.retries, member.retries)
        if not policy.allows(error, self._retried, others=others):
            return None
        pause = policy.pause(error, self._retried, others=others)
        deadline = self._call.deadline
        if deadline is not None and pause >= deadline.left:
            return None
        if not self._alone and pause < self._rest:
            return None
        free = any(each.live.health.well for each in untried)
        return pause if free or self._pool.budget.take() else None


def _at_ease(members: Sequence[Member]) -> bool:
    """Tell whether nothing is in the way to any of several deployments."""
    usual: tuple[Usual, Usual] | None = None
    for member in members:
        live = member.live
        if member.quota is not None or member.gate.cold_since is not None:
            return False
        if not (member.admission is None or member.has_room) or live.health.resting:
            return False
        whole, streams = live.silences
        if whole.since is not None or streams.since is not None:
            usual = usual or usual_in(members)
            if member.is_silent_among(usual):
                return False
    return True


def _entered(member: Member, gate: Gate) -> tuple[Probe, bool]:
    """Go through a deployment's gate; tell whether that is the deployment's trial as well."""
    health = member.live.health
    return Probe(gate, member.cold.pace), health.on_trial and health.begin(member.cooldown)


def _patience(refusal: RateLimited) -> float:
    """Give how long a refusal asks to wait; for ever, where waiting does not help."""
    return math.inf if refusal.retry_after is None else refusal.retry_after


def _with_room(members: Sequence[Member]) -> Sequence[Member]:
    """Give those that would answer at once; where there is none, those that may be waited for.

    Raises:
        Overloaded: there is none of either.
    """
    free = [member for member in members if member.admission is None or member.has_room]
    if free:
        return free
    bearable = [member for member in members if not member.is_full]
    if bearable:
        return bearable
    refusals = [
        member.live.permits.refusal(member.admission)
        for member in members
        if member.admission is not None
    ]
    raise min(refusals, key=lambda refusal: refusal.retry_after or 0.0)
