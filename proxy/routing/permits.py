"""Permits to do something at the same time as others, and the line of those who wait for one.

Permits belong to one process and one event loop. Refuses to know what they are for.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.errors import Overloaded
from adapters.value import value
from proxy.routing.adaptive import AdaptiveLimit
from proxy.routing.fair_queue import FairQueue
from proxy.routing.metering import Stopwatch

#: The weight of the latest permit in the running mean of the times that they are held.
_FRESHNESS: Final = 0.2
#: Bounds of the advice when to come again, in seconds.
_LEAST_ADVICE: Final = 1.0
_MOST_ADVICE: Final = 60.0


@value(frozen=True, slots=True, kw_only=True)
class AdmissionPolicy:
    """How many are let in at once, and who waits.

    Args:
        name: Whose permits they are, as a refusal says it.
        limit: Permits that are out at once; None: as many as are asked for.
        queue: Requests that wait at once; whoever comes then is refused.
        seconds: How long a request waits.
        adaptive: Whether refusals from behind lower the limit for a while.
    """

    name: str = "The model"
    limit: int | None = None
    queue: int = 100
    seconds: float = 10.0
    adaptive: bool = False

    @property
    def most(self) -> float:
        """The limit, as a number in any case."""
        return math.inf if self.limit is None else self.limit

    def shared(self, processes: int) -> AdmissionPolicy:
        """Give one process's part; together they have no more than one too many each."""
        limit = None if self.limit is None else math.ceil(self.limit / processes)
        return replace(self, limit=limit, queue=math.ceil(self.queue / processes))


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """One request before the permits; it may take several, one for each of its calls.

    Only its first permit is waited for with a limit, and counts in the queue: a request that has
    begun is neither refused nor given up half done.

    Args:
        policy: How it is let in.
        lane: Who asks; lanes get permits in turn.
        queue: Measures the wait for permits.
    """

    policy: AdmissionPolicy
    lane: str = ""
    queue: Stopwatch = field(default_factory=Stopwatch)
    #: It had a permit; when it got the first one, by the permits' clock.
    admitted: bool = False
    admitted_at: float = 0.0
    #: Of its calls, those that wait.
    waiting: int = 0


class Permit:
    """Something is under way until `release`."""

    __slots__ = ("_permits", "_since", "era", "place")

    def __init__(self, permits: Permits, place: Place, since: float) -> None:
        self._permits: Permits | None = permits
        self._since = since
        self.place = place
        self.era = permits.adaptive.era

    def release(self) -> None:
        """Give it back; only the first time counts."""
        permits, self._permits = self._permits, None
        if permits is not None:
            permits.take_back(self._since)


@dataclass(slots=True, eq=False)
class _Waiter:
    place: Place
    permit: asyncio.Future[Permit] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Permits:
    """The permits of one deployment, or of the process.

    Args:
        clock: Seconds, such as `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queue: FairQueue[_Waiter] = FairQueue()
        self._mean_seconds = 0.0
        self.adaptive = AdaptiveLimit(clock)
        self._in_force: AdmissionPolicy | None = None
        #: Permits that are out.
        self.held = 0
        #: Requests that wait for their first permit.
        self.waiting = 0

    def hold_to(self, policy: AdmissionPolicy | None) -> None:
        """Hold to a configuration's limit from now on; None lifts it.

        It holds for those who wait already as well: they came with an earlier configuration's.
        """
        self._in_force = policy or AdmissionPolicy()
        self._pass_on()

    def has_room(self, policy: AdmissionPolicy) -> bool:
        """Tell whether a permit would be given at once."""
        return not self._queue and self.held < self._limit(policy)

    def is_full(self, policy: AdmissionPolicy) -> bool:
        """Tell whether a further request would be refused at once."""
        return self.waiting >= policy.queue and not self.has_room(policy)

    def take(self, place: Place) -> Permit | None:
        """Give a permit if there is one for whoever comes now."""
        return self._give(place) if self.has_room(place.policy) else None

    async def acquire(self, place: Place) -> Permit:
        """Give a permit, in turn; whoever is cancelled while waiting leaves the line.

        Raises:
            Overloaded: too many wait already, or none came in time.
        """
        permit = self.take(place)
        if permit is not None:
            return permit
        waiter = self._line_up(place)
        place.queue.begin()
        try:
            await self._wait(waiter)
            return waiter.permit.result()
        except BaseException:
            self._leave(waiter)
            raise
        finally:
            place.queue.end()

    def take_back(self, since: float) -> None:
        """Take a permit back that was out since then, and give it to whom it is due."""
        self.held -= 1
        seconds = self._clock() - since
        self._mean_seconds += (
            _FRESHNESS * (seconds - self._mean_seconds) if self._mean_seconds else seconds
        )
        self._pass_on()

    def refusal(self, policy: AdmissionPolicy) -> Overloaded:
        """Give what is said to a request that finds the queue full."""
        return self._refusal(policy, "as many requests wait as may", "full")

    async def _wait(self, waiter: _Waiter) -> None:
        """Wait for a permit; the other calls of a request that has begun wait on."""
        place = waiter.place
        seconds = None if place.admitted else place.policy.seconds
        await asyncio.wait({waiter.permit}, timeout=seconds)
        if place.admitted:
            await asyncio.wait({waiter.permit})
        if not waiter.permit.done():
            raise self._refusal(place.policy, f"no place came free within {seconds:g} s", "late")

    def _line_up(self, place: Place) -> _Waiter:
        if not place.admitted and not place.waiting:
            if self.waiting >= place.policy.queue:
                raise self.refusal(place.policy)
            self.waiting += 1
        place.waiting += 1
        waiter = _Waiter(place)
        self._queue.push(place.lane, waiter)
        return waiter

    def _leave(self, waiter: _Waiter) -> None:
        """Forget somebody who no longer waits; a permit that came too late is passed on."""
        place = waiter.place
        if waiter.permit.done():
            self.held -= 1
        else:
            self._queue.remove(place.lane, waiter)
            place.waiting -= 1
            self.waiting -= not (place.admitted or place.waiting)
        self._pass_on()

    def _pass_on(self) -> None:
        """Give what permits there are to those whose turn it is."""
        while self._queue:
            place = self._queue.first().place
            if self.held >= self._limit(place.policy):
                return
            waiter = self._queue.pop()
            place.waiting -= 1
            self.waiting -= not place.admitted
            waiter.permit.set_result(self._give(place))

    def _give(self, place: Place) -> Permit:
        now = self._clock()
        if not place.admitted:
            place.admitted, place.admitted_at = True, now
        self.held += 1
        return Permit(self, place, now)

    def _limit(self, policy: AdmissionPolicy) -> float:
        policy = self._in_force or policy
        return self.adaptive.at_most(policy.most) if policy.adaptive else policy.most

    def _refusal(self, policy: AdmissionPolicy, reason: str, code: str) -> Overloaded:
        """Give a refusal, with the time after which the line should have moved on."""
        rounds = (self.waiting + 1) / self._limit(policy)
        return Overloaded(
            f"{policy.name} is busy: {reason}.",
            code=f"queue_{code}",
            retry_after=min(max(self._mean_seconds * rounds, _LEAST_ADVICE), _MOST_ADVICE),
        )
