"""The deployments behind one public model name.

Chooses one of them, tries again where that may help, and keeps the request's time: the only retry
loop there is. Refuses to know HTTP and dialects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from adapters.errors import GatewayError, RateLimited
from proxy.routing.attempt import Attempt
from proxy.routing.balance import Strategy, simple_shuffle
from proxy.routing.call import Call
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.deadline import Deadline
from proxy.routing.member import Member
from proxy.routing.retries import RetryBudget, RetryPolicy

T = TypeVar("T")

#: One try: asks the attempt's deployment within the deadline.
Ask = Callable[[Attempt, Deadline], Awaitable[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A public model.

    Args:
        model: Its public name.
        members: Its deployments, at least one.
        permitted_fields: Request fields that are refused elsewhere and allowed here.
        strategy: Chooses among the deployments that could answer.
        retries: How often, and after how long, a request is tried again.
        cooldown: When a deployment rests.
        budget: Keeps retries a share of the traffic.
    """

    model: str
    members: tuple[Member, ...]
    permitted_fields: frozenset[str] = frozenset()
    strategy: Strategy = simple_shuffle
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    cooldown: CooldownPolicy = field(default_factory=CooldownPolicy)
    budget: RetryBudget = field(default_factory=RetryBudget)

    async def run(self, call: Call, ask: Ask[T]) -> T:
        """Ask one deployment after the other until one answers, or nothing more may be tried.

        The call's deadline begins with the first of them, and holds for all.

        Raises:
            GatewayError: the last failure; `should_retry` is false once there were retries here,
                so that clients don't multiply them.
        """
        self.budget.request()
        tried: set[str] = set()
        while True:
            attempt = Attempt(self._choose(call, tried), self.cooldown, alone=self._is_alone)
            try:
                return await self._ask(call, attempt, ask)
            except GatewayError as error:
                tried.add(attempt.member.endpoint.id)
                pause = self._pause(call, error, tried)
                if pause is None:
                    if call.retries:
                        error.should_retry = False
                    raise
            call.retries += 1
            await asyncio.sleep(pause)

    async def _ask(self, call: Call, attempt: Attempt, ask: Ask[T]) -> T:
        """Make one try; a stream keeps the attempt open, everything else ends it."""
        deadline = call.deadline or self._deadline(call, attempt.member)
        try:
            async with asyncio.timeout(deadline.left):
                answer = await ask(attempt, deadline)
        except TimeoutError as error:
            attempt.close()
            late = deadline.exceeded()
            attempt.failed(late)
            raise late from error
        except GatewayError as error:
            attempt.close()
            attempt.failed(error)
            raise
        except BaseException:
            attempt.close()
            raise
        attempt.answered()
        return answer

    def _deadline(self, call: Call, member: Member) -> Deadline:
        """Start the request's time: the first deployment's, or less if the client asked for it."""
        seconds = member.stream_timeout if call.stream else member.timeout
        if call.seconds is not None:
            seconds = min(seconds, call.seconds)
        call.deadline = Deadline.after(seconds)
        return call.deadline

    def _pause(self, call: Call, error: GatewayError, tried: Collection[str]) -> float | None:
        """Give the seconds until the next try; None where there is to be none."""
        others = any(
            member.endpoint.id not in tried and not member.live.health.resting
            for member in self.members
        )
        policy = self.retries
        if not policy.allows(error, call.retries, others=others) or not self.budget.take():
            return None
        pause = policy.pause(error, call.retries, others=others)
        deadline = call.deadline
        return pause if deadline is None or pause < deadline.left else None

    @property
    def _is_alone(self) -> bool:
        return len(self.members) == 1

    def _choose(self, call: Call, tried: Collection[str]) -> Member:
        """Choose a deployment: of the lowest order, not resting, and not tried yet if possible.

        Raises:
            RateLimited: every deployment rests.
        """
        awake = [member for member in self.members if not member.live.health.resting]
        if not awake:
            seconds = min(member.live.health.seconds_left for member in self.members)
            raise RateLimited(
                f"Every deployment of the model '{self.model}' rests after failures.",
                code="no_deployments_available",
                retry_after=max(seconds, 1.0),
            )
        fresh = [member for member in awake if member.endpoint.id not in tried] or awake
        first = min(member.order for member in fresh)
        member = self.strategy([member for member in fresh if member.order == first])
        call.deployment = member.endpoint.id
        call.endpoint = member.endpoint.target.endpoint
        return member
