"""The gateway's own door: how many requests for models this process answers at once.

Only what asks a model passes it, once the caller is known and the request has arrived; health,
listings and the operator's routes never wait. Refuses to know what a request asks.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from adapters.deadline import within
from adapters.value import value
from proxy.auth.caller import Caller
from proxy.routing.permits import AdmissionPolicy, Permits, Place

if TYPE_CHECKING:
    from proxy.incoming import Incoming


@value(frozen=True, slots=True)
class Door:
    """What lets requests in.

    Args:
        permits: The process's.
        policy: How many it lets in.
    """

    permits: Permits
    policy: AdmissionPolicy

    def passes(self, request: Incoming, caller: Caller) -> bool:
        """Let a request in at once, if that is possible."""
        request.permit = self.permits.take(self._place(caller))
        return request.permit is not None

    def check_room(self) -> None:
        """Find out whether a request that did not pass may wait.

        Raises:
            Overloaded: too many wait already.
        """
        if self.permits.is_full(self.policy):
            raise self.permits.refusal(self.policy)

    async def wait(self, request: Incoming, caller: Caller, seconds: float | None = None) -> None:
        """Let a request in that did not pass at once, when it is its turn.

        Args:
            request: The request.
            caller: Callers take turns.
            seconds: What the request itself wants to wait at most; None: as long as others.

        Raises:
            Overloaded: too many wait already, or its turn did not come in time.
            DeadlineExceeded: its own time is over.
        """
        # kept here, and not given back: whoever is cancelled now must still find it
        place = self._place(caller)
        with nullcontext() if seconds is None else within(seconds):
            request.permit = await self.permits.acquire(place)
        request.at_the_door = place.queue.seconds

    def _place(self, caller: Caller) -> Place:
        return Place(policy=self.policy, lane=caller.alias)
