"""What is known of the deployments while the gateway runs."""

from __future__ import annotations

import gc

import pytest

from proxy.routing.live import LiveDeployment, LiveState
from tests.proxy.routing.groups import Clock


def test_a_deployment_is_known_by_its_id() -> None:
    """A reload that keeps it keeps what is known of it; nobody else's is mixed up with it."""
    state = LiveState(Clock())
    old = state.of("a")
    assert state.of("a") is old
    assert state.of("b") is not old


def test_what_nobody_serves_with_is_forgotten() -> None:
    """Deployments that go don't pile up."""
    state = LiveState(Clock())
    state.of("a").in_flight = 3
    gc.collect()
    assert state.of("a").in_flight == 0


def test_latency_is_a_running_mean() -> None:
    """The first answer is all that is known; later ones move it by a fifth, for five minutes."""
    clock = Clock()
    live = LiveDeployment(clock)
    assert live.latency == 0
    live.answered(1.0)
    live.answered(2.0)
    assert live.latency == pytest.approx(1.2)
    clock.now += 300
    assert live.latency == 0


def test_tokens_count_by_the_minute() -> None:
    """A new minute begins with none; how many an answer has is remembered."""
    clock = Clock(1200)
    live = LiveDeployment(clock)
    live.used(10)
    live.used(20)
    assert live.tokens_this_minute == 30
    assert live.tokens_each == pytest.approx(12)
    clock.now += 60
    assert live.tokens_this_minute == 0
    live.used(5)
    assert live.tokens_this_minute == 5
