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
from adapters.errors import DeadlineExceeded, GatewayError, RateLimited
from adapters.openai.schemas import SCHEMAS, Schemas
from proxy.routing.affinity import keep_together
from proxy.routing.attempt import Attempt
from proxy.routing.balance import Strategy, simple_shuffle
from proxy.routing.call import Call
from proxy.routing.counting import counted
from proxy.routing.deadline import Deadline
from proxy.routing.member import Member
from proxy.routing.quota import Quota
from proxy.routing.retries import RetryBudget, RetryPolicy
from proxy.routing.tags import tagged

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

    async def run(self, call: Call, ask: Ask[T]) -> T:
        """Ask one deployment after the other until one answers, or nothing more may be tried.

        The call's deadline begins with the first of them, and holds for all.

        Raises:
            GatewayError: the last failure; `should_retry` is false once there were retries here,
                so that clients don't multiply them.
        """
        return await counted(self.quota, call, partial(self._tried, call, ask))

    async def _tried(self, call: Call, ask: Ask[T]) -> T:
        tries = _Tries(self, call)
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
        except GatewayError as error:
            if call.retries:
                error.should_retry = False
            raise

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

    def __init__(self, pool: Pool, call: Call) -> None:
        self._pool = pool
        self._call = call
        self._members = tagged(pool.members, call.wishes.tags) if pool.by_tags else pool.members
        self._alone = len(self._members) == 1
        self._tried: set[str] = set()
        self._retried = 0
        pool.budget.request()

    async def begin(self) -> Attempt:
        """Begin the next try: with a deployment that is not resting, and not tried yet if possible.

        One whose limits are reached is passed over.

        Raises:
            RateLimited: every deployment rests, or has reached its limits.
            Overloaded: those that don't have as many waiting as may.
        """
        awake = [member for member in self._members if not member.live.health.resting]
        if not awake and self._alone:
            awake = list(self._members)
        if not awake:
            raise RateLimited(
                f"Every deployment of the model '{self._pool.model}' rests after failures.",
                code="no_deployments_available",
                retry_after=max(self._rest, 1.0),
            )
        fresh = [member for member in awake if member.endpoint.id not in self._tried]
        stale = [member for member in awake if member.endpoint.id in self._tried]
        refusals: list[RateLimited] = []
        for candidates in (fresh, stale):
            while candidates:
                member = self._pool.choose(self._call, _with_room(candidates))
                try:
                    return await self._begin_with(member)
                except RateLimited as error:
                    refusals.append(error)
                    candidates.remove(member)
        raise min(refusals, key=_patience)

    async def _begin_with(self, member: Member) -> Attempt:
        receipt = None
        if member.quota is not None:
            receipt = await member.quota.take(self._call.tokens)
            if len(self._pool.members) == 1:
                self._call.remaining.extend(receipt.remaining)
        self._call.reaches(self._pool.model, member.endpoint, member.price)
        return Attempt(member, self._call.caller, alone=self._alone, receipt=receipt)

    @property
    def _rest(self) -> float:
        """Seconds until one of the deployments may be asked."""
        return min(member.live.health.seconds_left for member in self._members)

    def failed(self, member: Member, error: GatewayError) -> float | None:
        """Give the seconds until the next try; None where there is to be none."""
        self._tried.add(member.endpoint.id)
        pause = self._pause(member, error)
        if pause is not None:
            self._retried += 1
            self._call.retries += 1
        return pause

    def _pause(self, member: Member, error: GatewayError) -> float | None:
        untried = [
            each.live.health
            for each in self._members
            if each.endpoint.id not in self._tried and not each.live.health.resting
        ]
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
        free = any(health.well for health in untried)
        return pause if free or self._pool.budget.take() else None


def _patience(refusal: RateLimited) -> float:
    """Give how long a refusal asks to wait; for ever, where waiting does not help."""
    return math.inf if refusal.retry_after is None else refusal.retry_after


def _with_room(members: Sequence[Member]) -> Sequence[Member]:
    """Give those that would answer at once; where there is none, those that may be waited for.

    Raises:
        Overloaded: there is none of either.
    """
    free = [member for member in members if member.has_room]
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
    times = attempt.member.times.wanted(call.wishes)
    deadline = call.deadline = call.deadline or Deadline.after(times.total)
    left = min(deadline.left, times.total)
    limits = times.of_stream(left) if call.stream else times.of_answer(left)
    attempt.give(limits, stream=call.stream)
    try:
        async with within(limits.first_byte if call.stream else left):
            answer = await ask(attempt, limits)
    except GatewayError as error:
        attempt.close(error=error)
        attempt.failed(error)
        if isinstance(error, DeadlineExceeded) and not deadline.left:
            raise deadline.exceeded() from error
        raise
    except BaseException:
        attempt.close()
        raise
    attempt.answered()
    return answer
