"""The deployments behind one public model name.

Chooses one of them, tries again where that may help, and keeps the request's time: the only retry
loop there is. Refuses to know HTTP and dialects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field
from functools import partial
from typing import TypeVar

from adapters.base import Limits
from adapters.deadline import within
from adapters.errors import DeadlineExceeded, EndpointCold, GatewayError
from adapters.openai.schemas import SCHEMAS, Schemas
from adapters.value import value
from proxy.routing.affinity import keep_together
from proxy.routing.attempt import Attempt
from proxy.routing.balance import Strategy, simple_shuffle
from proxy.routing.call import Call
from proxy.routing.counting import counted
from proxy.routing.deadline import Deadline
from proxy.routing.member import Member
from proxy.routing.quota import Quota
from proxy.routing.retries import RetryBudget, RetryPolicy
from proxy.routing.search import Search
from proxy.routing.wishes import NO_WISHES

T = TypeVar("T")

#: One try: asks the attempt's deployment within these limits.
Ask = Callable[[Attempt, Limits], Awaitable[T]]
#: The try that was answered, which is still open, and the answer.
Answered = tuple[Attempt, T]


@value(frozen=True, slots=True, kw_only=True)
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

    def run(self, call: Call, ask: Ask[T], *, last: bool = False) -> Awaitable[Answered[T]]:
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

    async def _tried(self, call: Call, ask: Ask[T], *, last: bool) -> Answered[T]:
        search = Search(self, call, last=last)
        try:
            while True:
                attempt = search.begun() or await search.begin()
                limits, seconds = _given(call, attempt)
                try:
                    with within(seconds):
                        return attempt, await ask(attempt, limits)
                except GatewayError as error:
                    failure = _failed(call, attempt, error)
                    pause = search.failed(attempt.member, failure)
                    if pause is None and failure is not error:
                        raise failure from error
                    if pause is None:
                        raise
                except BaseException:
                    attempt.close()
                    raise
                await self.sleep(pause)
        finally:
            search.end()

    def choose(self, call: Call, candidates: Sequence[Member]) -> Member:
        """Choose among deployments that could answer: those of the lowest order come first."""
        orders = {member.order for member in candidates}
        among = candidates
        if len(orders) > 1:
            first = min(orders)
            among = [member for member in candidates if member.order == first]
        session = call.wishes.session
        if self.by_session and session:
            return keep_together(session, among)
        return self.strategy(among)


def _given(call: Call, attempt: Attempt) -> tuple[Limits, float]:
    """Give a try its limits, and the seconds until its answer, or a stream's first chunk."""
    member, deadline = attempt.member, call.deadline
    times = member.times
    if call.wishes is not NO_WISHES:
        times = times.wanted(call.wishes)
    left = times.total
    if deadline is None:
        clock = member.gate.clock
        call.deadline = Deadline(left, clock() + left, clock)
    else:
        left = min(deadline.left, left)
    if call.stream:
        limits = times.of_stream(left)
        attempt.give(limits, stream=True)
        return limits, limits.first_byte
    limits = times.whole if left == times.total else times.of_answer(left)
    attempt.give(limits, stream=False)
    return limits, left


def _failed(call: Call, attempt: Attempt, error: GatewayError) -> GatewayError:
    """End a try that failed; give what its request fails with, if it is the last one."""
    attempt.close(error=error)
    attempt.failed(error)
    call.price = None  # a client that leaves before the next try owes nothing
    deadline = call.deadline
    if deadline is None:
        return error
    if isinstance(error, EndpointCold):
        call.deadline = deadline.later(attempt.lasted)
    if isinstance(error, DeadlineExceeded) and not deadline.left:
        return deadline.exceeded()
    return error
