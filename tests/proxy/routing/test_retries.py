"""Which failures are tried again, how often, and after how long."""

from __future__ import annotations

import pytest

from adapters.errors import (
    ContextLengthExceeded,
    DeadlineExceeded,
    EndpointNotFound,
    EndpointUnavailable,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    RateLimited,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from proxy.routing.retries import RetryBudget, RetryPolicy, kind_of
from tests.proxy.routing.groups import Clock

REFUSED = UpstreamError("AccessDenied", should_retry=False)


@pytest.mark.parametrize(
    ("error", "alone", "with_others"),
    [
        (Throttled("x"), True, True),
        (EndpointUnavailable("x"), True, True),
        (UpstreamError("x", retryable=True), True, True),
        (MalformedReply("x"), True, True),
        (ModelError("x", status=500, retryable=True), True, True),
        (ModelError("x", status=409), True, True),
        (ModelError("x", status=408), False, True),
        (UpstreamTimeout("x"), False, True),
        (DeadlineExceeded.after(1), False, True),
        (EndpointNotFound("x"), False, True),
        (REFUSED, False, True),
        (ModelError("x", status=422), False, False),
        (InvalidRequest("x"), False, False),
        (ContextLengthExceeded("x"), False, False),
        (RateLimited("x"), False, False),
    ],
)
def test_what_may_help_is_tried_again(error: GatewayError, alone: bool, with_others: bool) -> None:
    """A client's fault never is; what only another deployment can mend needs another one."""
    policy = RetryPolicy()
    assert policy.allows(error, 0, others=False) is alone
    assert policy.allows(error, 0, others=True) is with_others


def test_the_number_of_retries_is_bounded() -> None:
    """Two by default, as configured otherwise."""
    assert RetryPolicy().allows(Throttled("x"), 1, others=True)
    assert not RetryPolicy().allows(Throttled("x"), 2, others=True)
    assert not RetryPolicy(retries=0).allows(Throttled("x"), 0, others=True)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidRequest("x"), "BadRequestErrorRetries"),
        (REFUSED, "AuthenticationErrorRetries"),
        (UpstreamTimeout("x"), "TimeoutErrorRetries"),
        (DeadlineExceeded.after(1), "TimeoutErrorRetries"),
        (Throttled("x"), "RateLimitErrorRetries"),
        (RateLimited("x"), "RateLimitErrorRetries"),
        (ModelError("x", status=400, code="content_filter"), "ContentPolicyViolationErrorRetries"),
        (UpstreamError("x"), "InternalServerErrorRetries"),
    ],
)
def test_a_kinds_own_number_wins(error: GatewayError, kind: str) -> None:
    """`retry_policy` counts by kind, also what is never retried otherwise; 0 forbids."""
    assert kind_of(error) == kind
    assert RetryPolicy(by_kind={kind_of(error): 1}).allows(error, 0, others=False)
    assert not RetryPolicy(by_kind={kind_of(error): 1}).allows(error, 1, others=True)
    assert not RetryPolicy(by_kind={kind_of(error): 0}).allows(error, 0, others=True)


def test_another_deployment_is_asked_at_once() -> None:
    """Waiting is for the one that failed."""
    assert RetryPolicy().pause(Throttled("x", retry_after=9), 0, others=True) == 0


@pytest.mark.parametrize(
    ("retried", "advice", "least", "seconds"),
    [
        (0, None, 0.0, 0.5),
        (1, None, 0.0, 1.0),
        (9, None, 0.0, 8.0),
        (0, 3, 0.0, 3.0),
        (0, 61, 0.0, 0.5),
        (0, 0.2, 0.0, 0.5),
        (0, None, 2.0, 2.0),
    ],
)
def test_pauses_grow_and_obey_advice(
    retried: int, advice: float | None, least: float, seconds: float
) -> None:
    """Half a second, doubled each time up to eight; Retry-After of 1 to 60 seconds is obeyed."""
    error = Throttled("x", retry_after=advice)
    policy = RetryPolicy(least_pause=least)
    assert policy.pause(error, retried, others=False, chance=lambda: 0.0) == seconds


def test_only_advice_of_somebody_else_is_obeyed() -> None:
    """What clients are told where AWS says nothing is no reason to pause so long here."""
    error = Throttled("x", retry_after=5, guessed=True)
    assert RetryPolicy().pause(error, 0, others=False, chance=lambda: 0.0) == 0.5


def test_chance_spreads_the_pauses() -> None:
    """At most three quarters of a second are added."""
    error = Throttled("x")
    pauses = {RetryPolicy().pause(error, 0, others=False) for _ in range(50)}
    assert len(pauses) > 10
    assert 0.5 <= min(pauses) <= max(pauses) <= 1.25


def test_retries_stay_a_share_of_the_traffic() -> None:
    """In an outage the saved-up retries run out; requests pay for a fifth of one each."""
    budget = RetryBudget(share=0.2, a_second=0, most=3)
    assert [budget.take() for _ in range(4)] == [True, True, True, False]
    for _ in range(5):
        budget.request()
    assert [budget.take() for _ in range(2)] == [True, False]
    for _ in range(1000):
        budget.request()
    assert [budget.take() for _ in range(4)] == [True, True, True, False]


def test_little_traffic_has_its_retries() -> None:
    """Each second brings one, so that a request a minute is tried as often as configured."""
    clock = Clock()
    budget = RetryBudget(most=2, clock=clock)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    clock.now += 60
    assert [budget.take() for _ in range(3)] == [True, True, False]
