"""How one request goes about deployments that are cold: whom it may ask, and its waiting.

Knows what is said to those who waited in vain; when it is whose turn, the gates know.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.errors import EndpointCold, Overloaded
from proxy.routing.call import Call
from proxy.routing.hold import Hold
from proxy.routing.member import Member


class Patience:
    """One request's patience; `end` gives up its places in all queues."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._hold: Hold | None = None

    def lets(self, member: Member) -> bool:
        """Tell whether the request may ask a deployment now."""
        gate = member.gate_of(self._call)
        return gate.cold_since is None or gate.lets(self._hold)

    def refusal(self, members: Sequence[Member]) -> EndpointCold:
        """Give the error of deployments that are all cold."""
        return members[0].gate_of(self._call).refusal()

    async def wait(self, members: Sequence[Member], seconds: float | None) -> None:
        """Wait until one of these may be asked, for so many seconds at most.

        The time is added to the call's deadline.

        Raises:
            EndpointCold: the request has waited for as long as it may.
            Overloaded: as many as may wait already.
        """
        hold = self._hold = self._hold or self._begun(members)
        for member in members:
            hold.join(member.gate_of(self._call), member.cold.most_waiters)
        if hold.over or not hold.queued:
            raise self._in_vain(hold, self.refusal(members))
        clock = members[0].gate.clock
        began = clock()
        self._call.cold.begin()
        try:
            await hold.wait(hold.seconds if seconds is None else seconds)
        finally:
            self._call.cold.end()
        if self._call.deadline is not None:
            self._call.deadline = self._call.deadline.later(clock() - began)

    def end(self) -> None:
        """Wait no longer."""
        if self._hold is not None:
            self._hold.leave()

    def _begun(self, members: Sequence[Member]) -> Hold:
        seconds = max(member.cold.wait for member in members)
        wished = self._call.wishes.seconds
        if wished is not None:
            seconds = min(seconds, wished)
        return Hold(seconds, members[0].gate.clock, self._call.held)

    @staticmethod
    def _in_vain(hold: Hold, refusal: EndpointCold) -> EndpointCold | Overloaded:
        if not hold.queued:
            return Overloaded(
                "Too many requests wait for the endpoint to start.",
                code="too_many_waiting",
                retry_after=refusal.retry_after,
            )
        return EndpointCold(
            f"The endpoint did not start within {hold.seconds:g} s.",
            code=refusal.code,
            retry_after=refusal.retry_after,
            should_retry=False,
        )
