"""The limit that a deployment's refusals teach."""

from __future__ import annotations

import math

import pytest

from adapters.errors import (
    EndpointUnavailable,
    InvalidRequest,
    ModelError,
    Overloaded,
    Throttled,
    UpstreamTimeout,
)
from proxy.routing.adaptive import AdaptiveLimit, is_refusal


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def limit(clock: Clock) -> AdaptiveLimit:
    """Give a limit that has learnt nothing yet."""
    return AdaptiveLimit(clock)


def refuse(limit: AdaptiveLimit, under_way: int) -> None:
    """Refuse a call that has begun just now."""
    limit.refused(limit.era, under_way)


@pytest.mark.parametrize("most", [7, math.inf])
def test_the_configuration_s_limit_holds_until_something_is_refused(
    limit: AdaptiveLimit, most: float
) -> None:
    """Nothing is known before the first refusal; successes alone change nothing."""
    limit.succeeded(7, most)
    assert limit.at_most(most) == most


def test_a_refusal_leaves_a_share_of_what_was_under_way(limit: AdaptiveLimit) -> None:
    """The calls under way were too many, however many are allowed."""
    refuse(limit, 20)
    assert limit.at_most(1000) == 14


def test_a_burst_s_refusals_count_once(limit: AdaptiveLimit) -> None:
    """Calls that began before the limit fell were too many by the old limit, not by the new one."""
    era = limit.era
    for _ in range(15):
        limit.refused(era, 20)
    assert limit.at_most(1000) == 14


def test_a_refusal_under_the_new_limit_counts_again(limit: AdaptiveLimit) -> None:
    """What is refused after the limit fell says that it has not fallen far enough."""
    refuse(limit, 20)
    refuse(limit, 14)
    assert limit.at_most(1000) == 9


def test_one_call_is_always_allowed(limit: AdaptiveLimit) -> None:
    """The limit never falls below 1: without a call nobody would learn of better times."""
    for _ in range(30):
        refuse(limit, 1)
    assert limit.at_most(1000) == 1


def test_a_round_of_successes_allows_one_more(limit: AdaptiveLimit, clock: Clock) -> None:
    """Soon after a refusal the limit feels its way: one more for as many calls as it allows."""
    refuse(limit, 20)
    for _ in range(15):
        clock.now += 0.1
        limit.succeeded(14, 1000)
    assert limit.at_most(1000) == 15


@pytest.mark.parametrize(("under_way", "grown"), [(6, 5), (1000, 735)])
def test_short_calls_do_not_make_it_grow_faster(
    limit: AdaptiveLimit, clock: Clock, under_way: int, grown: int
) -> None:
    """One more in a second, or a twentieth: else a thousand rounds would meet many refusals."""
    refuse(limit, under_way)
    clock.now += 1
    for _ in range(10 * under_way * under_way):
        limit.succeeded(under_way, math.inf)
    assert limit.at_most(math.inf) == grown


def test_an_old_refusal_is_no_news(limit: AdaptiveLimit, clock: Clock) -> None:
    """A minute later each success allows one more, since capacity may have come."""
    refuse(limit, 20)
    clock.now += 60
    for _ in range(5):
        limit.succeeded(14, 1000)
    assert limit.at_most(1000) == 19


def test_a_limit_that_is_not_used_does_not_grow(limit: AdaptiveLimit) -> None:
    """Few calls say nothing about whether many would pass."""
    refuse(limit, 20)
    for _ in range(100):
        limit.succeeded(6, 1000)
    assert limit.at_most(1000) == 14


def test_it_grows_back_to_the_configuration_s_limit_and_no_further(
    limit: AdaptiveLimit, clock: Clock
) -> None:
    """Once it has grown so far, nothing of the refusal is left."""
    refuse(limit, 10)
    clock.now += 60
    for _ in range(50):
        limit.succeeded(10, 12)
    assert limit.at_most(12) == 12
    assert limit.at_most(math.inf) == math.inf


def test_a_smaller_limit_of_the_configuration_holds(limit: AdaptiveLimit) -> None:
    """What was learnt never allows more than the configuration."""
    refuse(limit, 20)
    assert limit.at_most(5) == 5


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (Throttled("slow down"), True),
        (EndpointUnavailable("no capacity"), True),
        (ModelError("the model is overloaded", status=429), True),
        (ModelError("bad parameters", status=422), False),
        (UpstreamTimeout("too late"), False),
        (Overloaded("ours"), False),
        (InvalidRequest("no"), False),
    ],
)
def test_only_upstream_s_word_for_too_much_is_a_refusal(error: Exception, *, refusal: bool) -> None:
    """429 and 503 from upstream are about load; a client's fault, a timeout and our own are not."""
    assert is_refusal(error) is refusal


def test_it_finds_what_an_endpoint_takes(limit: AdaptiveLimit, clock: Clock) -> None:
    """In front of an endpoint that takes ten calls, nearly all that is let through is answered.

    A crowd that wants a hundred asks once a second for five minutes; the first seconds teach.
    """
    answered = refused = 0
    for second in range(300):
        clock.now += 1
        era, under_way = limit.era, int(limit.at_most(100))
        for number in range(under_way):
            if number < 10:
                limit.succeeded(under_way, 100)
            else:
                limit.refused(era, under_way)
        if second >= 10:
            answered += min(under_way, 10)
            refused += max(under_way - 10, 0)
    assert answered > 290 * 8
    assert refused < answered / 20
