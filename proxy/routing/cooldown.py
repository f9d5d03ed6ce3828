"""When a deployment rests: after failures of its own, for some seconds, and then on trial.

Only what AWS or the container did counts; what the gateway refuses, and what is the client's fault,
never does. A lone deployment never rests: there would be nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal

from adapters.errors import (
    DeadlineExceeded,
    EndpointCold,
    EndpointNotFound,
    GatewayError,
    UpstreamError,
)
from adapters.value import value

_COUNTING: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.PAYMENT_REQUIRED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_WINDOW: Final = 60.0
#: Failures tell something once there were so many calls within the window.
_LEAST_CALLS: Final = 5
_MOST_FAILED: Final = 0.5

#: Whether to count on a deployment: `on_trial` has rested and not proved itself yet, `failing` is
#: one that more than half of the calls failed at, and that does not rest.
State = Literal["healthy", "failing", "resting", "on_trial"]


@value(frozen=True, slots=True, kw_only=True)
class CooldownPolicy:
    """How failures are taken.

    Args:
        seconds: How long a deployment rests.
        allowed_fails: Failures in a minute that are borne; None judges by their share.
        enabled: Whether deployments rest at all.
    """

    seconds: float = 5.0
    allowed_fails: int | None = None
    enabled: bool = True


def counts(error: Exception) -> bool:
    """Tell whether a failure is the deployment's own; a cold start is none: it has its gate."""
    if isinstance(error, EndpointCold):
        return False
    if isinstance(error, DeadlineExceeded):
        return True
    if not isinstance(error, UpstreamError):
        return False
    return error.status in _COUNTING or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _is_hopeless(error: GatewayError) -> bool:
    """Tell whether every further call would fail alike: nothing is there, or AWS lets nobody in.

    Only AWS says so: a container's own 401 or 404 may be about one client's request.
    """
    refused = isinstance(error, UpstreamError) and error.should_retry is False
    return refused or isinstance(error, EndpointNotFound)


@value(frozen=True, slots=True)
class Failure:
    """What is kept of one: its kind, its HTTP status, and when it was."""

    kind: str
    status: int
    at: float

    def told(self, now: float) -> dict[str, object]:
        """Give it as JSON."""
        return {"type": self.kind, "status": self.status, "seconds_ago": round(now - self.at, 1)}


@dataclass(slots=True)
class Health:
    """What a deployment's last calls say of it.

    Args:
        clock: Seconds, such as `time.monotonic`.
    """

    clock: Callable[[], float]
    rests_until: float = 0.0
    #: Rested, and not yet proved: one call at a time is let through until this time.
    on_trial: bool = False
    trial_until: float = 0.0
    #: The last call that says anything of it was good; so it is before the first one.
    well: bool = True
    last_failure: Failure | None = None
    _window_ends: float = field(default=0.0, repr=False)
    _calls: int = field(default=0, repr=False)
    _failures: int = field(default=0, repr=False)

    @property
    def untroubled(self) -> bool:
        """Whether nothing was wrong with it for long; the quickest thing to ask."""
        return not (self._failures or self.on_trial or self.rests_until)

    @property
    def resting(self) -> bool:
        """Whether to leave it alone."""
        if not (self.on_trial or self.rests_until):
            return False  # so it is with almost all, almost always
        now = self.clock()
        return now < self.rests_until or (self.on_trial and now < self.trial_until)

    @property
    def seconds_left(self) -> float:
        """Seconds until it may be tried; never negative."""
        until = max(self.rests_until, self.trial_until if self.on_trial else 0.0)
        return max(until - self.clock(), 0.0)

    @property
    def failing(self) -> bool:
        """Whether it has failed within the last minute or so."""
        return self._failures > 0 and self.clock() < self._window_ends

    @property
    def state(self) -> State:
        """What its calls within the last minute say of it."""
        if self.resting:
            return "resting"
        if self.on_trial:
            return "on_trial"
        recent = self.clock() < self._window_ends
        return "failing" if recent and self._failures > _MOST_FAILED * self._calls else "healthy"

    def begin(self, policy: CooldownPolicy) -> bool:
        """Note that a call begins; tell whether it is the trial after a rest."""
        if self.on_trial:
            self.trial_until = self.clock() + policy.seconds
        return self.on_trial

    def spared(self) -> None:
        """Note that the trial ended and said nothing: another call may be it."""
        self.trial_until = 0.0

    def proved(self) -> None:
        """Note that an answer has begun, which ends a trial."""
        self.on_trial, self.trial_until = False, 0.0
        self.well = True

    def succeeded(self) -> None:
        """Note a complete answer."""
        if self.clock() >= self._window_ends:
            self._begin_window()
        self._calls += 1

    def failed(self, error: GatewayError, policy: CooldownPolicy, *, alone: bool) -> bool:
        """Note a failure; tell whether the deployment rests from now on.

        Args:
            error: What happened; only what `counts` is taken.
            policy: How to take it.
            alone: There is no other deployment that could answer.
        """
        if not counts(error):
            return False
        now = self.clock()
        self.well, self.last_failure = False, Failure(type(error).__name__, error.status, now)
        if now < self.rests_until:  # it was asked before the rest began, and says nothing new
            return False
        if now >= self._window_ends:
            self._begin_window()
        self._calls += 1
        self._failures += 1
        if alone or not policy.enabled or not self._is_too_much(error, policy):
            return False
        self.rest(policy.seconds)
        return True

    def rest(self, seconds: float) -> None:
        """Rest for so many seconds, or for as long as it rests already; then comes a trial."""
        self.rests_until = max(self.clock() + seconds, self.rests_until)
        self.on_trial, self.trial_until = True, 0.0
        self._calls = self._failures = 0

    def _is_too_much(self, error: GatewayError, policy: CooldownPolicy) -> bool:
        if self.on_trial or _is_hopeless(error):
            return True
        if policy.allowed_fails is not None:
            return self._failures > policy.allowed_fails
        if error.status == HTTPStatus.TOO_MANY_REQUESTS:
            return True
        return self._calls >= _LEAST_CALLS and self._failures / self._calls > _MOST_FAILED

    def _begin_window(self) -> None:
        self._window_ends = self.clock() + _WINDOW
        self._calls = self._failures = 0
