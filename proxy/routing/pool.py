"""The deployments behind one public model name.

Chooses one of them, tries again where that may help, and keeps the request's time: the only retry
loop there is. Refuses to know HTTP and dialects.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from adapters.base import Limits
from adapters.deadline import within
from adapters.errors import DeadlineExceeded, EndpointCold, GatewayError, RateLimited
from adapters.openai.schemas import SCHEMAS, Schemas
from proxy.routing.affinity import keep_together
from proxy.routing.attempt import Attempt
from proxy.routing.balance import Strategy, simple_shuffle
from proxy.routing.call import Call
from proxy.routing.counting import counted, take
from proxy.routing.deadline import Deadline
from proxy.routing.gate import Probe
from proxy.routing.member import Member, usual_in
from proxy.routing.patience import Patience
from proxy.routing.quota import Quota
from proxy.routing.retries import RetryBudget, RetryPolicy
from proxy.routing.tags import tagged
from proxy.routing.wishes import NO_WISHES

T = TypeVar("T")

#: One try: asks the attempt's deployment within these limits.
Ask = Callable[[Attempt, Limits], Awaitable[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A public model's own deployments.

    Args:
        model: Its public name.
        settings: Stands for the settings of its deployments: other ones have another text.
        members: Its deployments, at least one.
        permitted_fields: Request fields that are refused elsewhere and allowed here.
        schemas: What its requests are checked against: what every one of its deployments takes.
        quota: What it may use in a minute, whichever deployment answers; None for no limit.
        strategy: Chooses among the deployments that could answer.
        retries: How often, and after how long, a request is tried again.
        budget: Keeps retries a share of the traffic.
        by_tags: Whether requests choose deployments by their tags.
        by_session: Whether the requests of a session keep to one deployment.
        sleep: Waits between two tries, for so many seconds.
    """

    model: str
    members: tuple[Member, ...]
    permitted_fields: frozenset[str] = frozenset()
    schemas: Schemas = field(default_factory=lambda: SCHEMAS)
    quota: Quota | None = None
    strategy: Strategy = simple_shuffle
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    budget: RetryBudget = field(default_factory=RetryBudget)
    by_tags: bool = False
    by_session: bool = False
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    settings: str = ""

    @property
    def waits(self) -> bool:
        """Whether requests wait for one of its deployments to start."""
        return any(member.cold.wait for member in self.members)

    def run(self, call: Call, ask: Ask[T], *, last: bool = False) -> Awaitable[T]:
        """Ask one deployment after the other until one answers, or nothing more may be tried.

        The call's deadline begins with the first of them, and holds for all; waiting for one to
        start is not of its time.

        Args:
            call: What is asked for.
            ask: Asks a deployment.
            last: Nobody else could answer: a cold deployment is waited for, or asked all the same.

        Raises:
            EndpointCold: those that are not resting have yet to start; perhaps none was asked.
            GatewayError: the last failure.
        """
        if self.quota is None:
            return self._tried(call, ask, last=last)
        return counted(self.quota, call, partial(self._tried, call, ask, last=last))

    async def _tried(self, call: Call, ask: Ask[T], *, last: bool) -> T:
        tries = _Tries(self, call, last=last)
        try:
            while True:
                attempt = await tries.begin()
                try:
                    return await _ask(call, attempt, ask)
                except GatewayError as error:
                    pause = tries.failed(attempt.member, error)
                    if pause is None:
                        raise
                await self.sleep(pause)
        finally:
            tries.patience.end()

    def choose(self, call: Call, candidates: Sequence[Member]) -> Member:
        """Choose among deployments that could answer: those of the lowest order come first."""
        first = min(member.order for member in candidates)
        among = [member for member in candidates if member.order == first]
        session = call.wishes.session
        if self.by_session and session:
            return keep_together(session, among)
        return self.strategy(among)


class _Tries:
    """The tries of one request in one pool."""

    def __init__(self, pool: Pool, call: Call, *, last: bool) -> None:
        self._pool = pool
        self._call = call
        self._last = last
        self.patience = Patience(call)
        self._members = tagged(pool.members, call.wishes.tags) if pool.by_tags else pool.members
        self._alone = len(self._members) == 1
        self._tried: set[str] = set()
        self._retried = 0
        pool.budget.request()

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
            await self.patience.wait(self._awake(), self._next_rest)
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
        call, receipt = self._call, None
        probe = Probe(member.gate_of(call), member.cold.pace)
        health = member.live.health
        is_trial = health.on_trial and health.begin(member.cooldown)
        if member.quota is not None:
            try:
                receipt = await take(member.quota, call, told=len(self._pool.members) == 1)
            except BaseException:
                probe.ended()
                if is_trial:
                    member.live.health.spared()
                raise
        tried = call.reaches(self._pool.model, member.endpoint, member.provider, member.price)
        if receipt is not None:
            tried.remaining = receipt.remaining
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
        self._tried.add(member.endpoint.id)
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
        ready = [member for member in awake if self.patience.lets(member)]
        if ready:
            return ready
        if not self._last:
            raise self.patience.refusal(awake)
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
            and self.patience.lets(each)
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


async def _ask(call: Call, attempt: Attempt, ask: Ask[T]) -> T:
    """Make one try; a good stream keeps the attempt open, everything else ends it."""
    times = attempt.member.times
    if call.wishes is not NO_WISHES:
        times = times.wanted(call.wishes)
    clock = attempt.member.gate.clock
    began, left, deadline = clock(), times.total, call.deadline
    if deadline is None:
        deadline = call.deadline = Deadline(left, began + left, clock)
    else:
        left = min(deadline.left, left)
    limits = times.of_stream(left) if call.stream else times.of_answer(left)
    attempt.give(limits, stream=call.stream)
    try:
        async with within(limits.first_byte if call.stream else left):
            answer = await ask(attempt, limits)
    except GatewayError as error:
        attempt.close(error=error)
        attempt.failed(error)
        call.price = None  # a client that leaves before the next try owes nothing
        if isinstance(error, EndpointCold):
            call.deadline = deadline.later(clock() - began)
        if isinstance(error, DeadlineExceeded) and not deadline.left:
            raise deadline.exceeded() from error
        raise
    except BaseException:
        attempt.close()
        raise
    return answer
