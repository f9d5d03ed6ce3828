"""Whether to try again, how often, and after how long.

Knows errors and numbers; refuses to know deployments: the pool tells how many others there are.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from http import HTTPStatus
from typing import Final, Literal, get_args

from adapters.errors import (
    DeadlineExceeded,
    EndpointCold,
    EndpointNotFound,
    GatewayError,
    ModelLoading,
    Overloaded,
    UpstreamError,
)
from adapters.value import value

#: LiteLLM's names for kinds of errors, as `retry_policy` spells them.
Kind = Literal[
    "BadRequestErrorRetries",
    "AuthenticationErrorRetries",
    "TimeoutErrorRetries",
    "RateLimitErrorRetries",
    "ContentPolicyViolationErrorRetries",
    "InternalServerErrorRetries",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

#: The first pause, the longest, and what chance adds at most; in seconds.
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
_MOST_JITTER: Final = 0.75
#: Advice beyond this is no use within one request.
_LONGEST_ADVICE: Final = 60.0

_TIMEOUTS: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})


@value(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a request may be tried again.

    Args:
        retries: Further tries after the first one.
        by_kind: The same for some kinds of errors; also for kinds that are else never retried.
        least_pause: Seconds before a retry on the same deployment, at least.
    """

    retries: int = 2
    by_kind: Mapping[Kind, int] = field(default_factory=dict)
    least_pause: float = 0.0

    def wanted(self, *wishes: int | None) -> RetryPolicy:
        """Give the policy with the first number of retries that somebody wants, if any does."""
        said = next((wish for wish in wishes if wish is not None), None)
        return self if said is None else replace(self, retries=said, by_kind={})

    def allows(self, error: GatewayError, retried: int, *, others: bool) -> bool:
        """Tell whether to try again.

        Args:
            error: What the last try met.
            retried: Retries so far.
            others: Another deployment could answer.
        """
        kind = kind_of(error)
        if kind in self.by_kind:
            return retried < self.by_kind[kind]
        return retried < self.retries and is_worth_a_retry(error, others=others)

    def pause(
        self,
        error: GatewayError,
        retried: int,
        *,
        others: bool,
        chance: Callable[[], float] = random.random,
    ) -> float:
        """Give the seconds to wait before the next try: none where another deployment takes it."""
        if others:
            return 0.0
        grown: float = min(_FIRST_PAUSE * 2**retried, _LONGEST_PAUSE)
        pause = grown + chance() * _MOST_JITTER
        advice = 0.0 if error.guessed else error.retry_after or 0.0
        if 1 <= advice <= _LONGEST_ADVICE:
            pause = max(pause, advice)
        return max(pause, self.least_pause)


def is_worth_a_retry(error: GatewayError, *, others: bool) -> bool:
    """Tell whether another try may bring another result.

    What is the client's fault never does. A missing endpoint, a refused identity, a deployment
    that took all its time and one that needs minutes to start call for another deployment.
    """
    own = isinstance(error, DeadlineExceeded | EndpointNotFound | Overloaded)
    if own or error.should_retry is False:
        return others
    if isinstance(error, EndpointCold) and not isinstance(error, ModelLoading):
        return others
    if not isinstance(error, UpstreamError):
        return False
    if error.status in _TIMEOUTS:
        return others or error.retryable
    return (
        error.retryable
        or error.status == HTTPStatus.CONFLICT
        or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )


def kind_of(error: GatewayError) -> Kind:
    """Give LiteLLM's name for an error's kind."""
    if error.code == "content_filter":
        return "ContentPolicyViolationErrorRetries"
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return "RateLimitErrorRetries"
    if error.status in _TIMEOUTS:
        return "TimeoutErrorRetries"
    if isinstance(error, UpstreamError) and error.should_retry is False:
        return "AuthenticationErrorRetries"
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "InternalServerErrorRetries"
    return "BadRequestErrorRetries"


class RetryBudget:
    """Keeps retries a share of the traffic, so that an outage is not multiplied.

    Args:
        share: Retries that each request pays for.
        a_second: Retries that each second brings, so that little traffic does not go without.
        most: Retries that are saved up; so many are there at first.
        clock: Seconds, such as `time.monotonic`.
    """

    def __init__(
        self,
        share: float = 0.2,
        a_second: float = 1.0,
        most: float = 100.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._share = share
        self._a_second = a_second
        self._most = most
        self._clock = clock
        self._left = most
        self._counted_at = clock()

    def request(self) -> None:
        """Note a request."""
        if self._left < self._most:
            self._left = min(self._left + self._share, self._most)

    def take(self) -> bool:
        """Take a retry, if one is left."""
        now = self._clock()
        earned = (now - self._counted_at) * self._a_second
        self._left, self._counted_at = min(self._left + earned, self._most), now
        if self._left < 1:
            return False
        self._left -= 1
        return True
