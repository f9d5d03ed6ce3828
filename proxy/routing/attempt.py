"""One try of one deployment: counted while it lasts, and judged by how it ends."""

from __future__ import annotations

from dataclasses import replace

import structlog

from adapters.base import Invoker, Json, Limits
from adapters.endpoint import Endpoint
from adapters.errors import (
    DeadlineExceeded,
    EndpointCold,
    GatewayError,
    ModelError,
    Rejected,
    UpstreamError,
    UpstreamTimeout,
)
from proxy.routing.admission import Admitted
from proxy.routing.cooldown import counts
from proxy.routing.gate import Probe
from proxy.routing.member import Member
from proxy.routing.metering import Metered, Stopwatch
from proxy.routing.permits import Place
from proxy.routing.quota import Receipt
from proxy.routing.tries import Try

_log = structlog.stdlib.get_logger("sagegate")


class Attempt:
    """Begins when it is made; `close` ends it, and only the first time counts.

    Args:
        member: The deployment that is tried.
        tried: Takes down how it went.
        probe: Tells its gate what becomes of it.
        caller: Who asks; callers take turns where calls must wait.
        alone: There is no other deployment in the group.
        is_trial: It tries a deployment that has rested.
        receipt: What the try has taken from the deployment's limits.
    """

    # What each begins with.
    _place: Place | None = None
    _open = True
    _has_begun = False
    _waits = False
    _is_stream = False
    _limits: Limits | None = None

    def __init__(
        self,
        member: Member,
        tried: Try,
        probe: Probe,
        caller: str = "",
        *,
        alone: bool,
        is_trial: bool = False,
        receipt: Receipt | None = None,
    ) -> None:
        self.member = member
        self._probe = probe
        way: Invoker = Metered(member.endpoint.invoker, tried.meter, member.most_bytes)
        if member.admission is not None:
            tried.queue = Stopwatch()
            self._place = Place(policy=member.admission, lane=caller, queue=tried.queue)
            way = Admitted(way, member.live.permits, self._place)
        #: The deployment, as this request reaches it.
        self.endpoint: Endpoint = member.endpoint.through(way)
        self._tried = tried
        self._alone = alone
        self._receipt = receipt
        self._started = member.live.clock()
        self._silence = member.live.silences[False]
        member.live.in_flight += 1
        self._is_trial = is_trial

    @property
    def lasted(self) -> float:
        """Seconds since it began, by its gate's clock."""
        return self._probe.lasted

    def give(self, limits: Limits, *, stream: bool) -> None:
        """Note the time that it has, and that it waits for a first byte from now on."""
        self._limits, self._is_stream = limits, stream
        self._silence = self.member.live.silences[stream]
        self._silence.begin()
        self._waits = True

    def answered(self) -> None:
        """Note the first byte of a good answer."""
        live = self.member.live
        seconds = live.clock() - self._started
        self._probe.answered()
        self._has_begun = True
        self._waits = False
        live.answered(seconds)
        self._silence.answered(seconds if self._place is None else seconds - self._queued)
        other = live.silences[not self._is_stream]
        if other.since is not None:
            other.heard()

    def succeeded(self) -> None:
        """Note that the answer, which has begun, is complete."""
        self.member.live.health.succeeded()

    def gave(self, usage: Json | None) -> None:
        """Note a whole answer, and what it cost."""
        self.answered()
        self.member.live.health.succeeded()
        self.close(usage)

    def failed(self, error: GatewayError) -> None:
        """Note a failure, which may be the end of a stream as well.

        It says nothing of a deployment that was not asked, because all the time went by in a queue,
        and nothing of one that is late because it was given too little.
        """
        member = self.member
        self._tried.error = error
        if isinstance(error, UpstreamError) and not isinstance(error, UpstreamTimeout):
            member.live.heard()
        if not self._was_asked or (isinstance(error, DeadlineExceeded) and self._is_hurried):
            return
        if isinstance(error, EndpointCold):
            self._probe.refused(error)
        elif isinstance(error, ModelError):  # the container's own word: there is one
            self._probe.answered()
        if self._is_trial and not counts(error):
            member.live.health.spared()
        if member.live.health.failed(error, member.cooldown, alone=self._alone):
            self._tried.cooled = True
            member.live.news.rests(member.live, error)
            _log.warning(
                "pool.cooldown_started",
                deployment=member.endpoint.id,
                endpoint=member.endpoint.target.endpoint,
                status=error.status,
                seconds=member.cooldown.seconds,
            )

    @property
    def _was_asked(self) -> bool:
        return self._place is None or self._place.admitted

    def close(self, usage: Json | None = None, *, error: GatewayError | None = None) -> None:
        """End it, with what the answer cost, or with why there is none."""
        if not self._open:
            return
        self._open = False
        if self._waits:
            self._waits = False
            refused_here = isinstance(error, Rejected) and not isinstance(error, DeadlineExceeded)
            self._silence.end(asked=self._was_asked and not refused_here)
        self._tried.ended(error)
        if self._probe.asks:
            self._probe.ended()
        self.member.live.in_flight -= 1
        if self._is_trial and not self._was_asked:
            self.member.live.health.spared()
        if self._receipt is not None:
            made = self._was_asked and not isinstance(error, EndpointCold)
            self._receipt.end(usage, error, made=made)
        tokens = usage.get("total_tokens") if usage else None
        if isinstance(tokens, int):
            self.member.live.used(tokens)

    @property
    def _is_hurried(self) -> bool:
        return self.member.times.are_cut(self._had, stream=self._is_stream, begun=self._has_begun)

    @property
    def _had(self) -> Limits:
        """Give the time that the deployment had: the queue's is not its own."""
        given = self._limits or Limits()
        until = given.first_byte if self._is_stream else given.deadline
        if until is None:
            return given
        return replace(given, first_byte=min(given.first_byte, until - self._queued))

    @property
    def _queued(self) -> float:
        """Give the seconds that it waited for its first permit."""
        place = self._place
        return place.admitted_at - self._started if place is not None and place.admitted else 0.0
