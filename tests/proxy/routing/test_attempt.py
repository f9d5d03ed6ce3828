"""One try of one deployment."""

from __future__ import annotations

from adapters.errors import ContextLengthExceeded, Throttled
from proxy.routing.attempt import Attempt
from proxy.routing.gate import Probe
from tests.proxy.routing.groups import Clock, member


def test_only_the_first_end_counts() -> None:
    """Whoever ends a try twice neither counts its tokens twice nor loses another call."""
    tried = member()
    first, second = (Attempt(tried, Probe(tried.gate, 5), alone=True) for _ in range(2))
    first.close({"total_tokens": 5})
    first.close({"total_tokens": 5})
    assert (tried.live.in_flight, tried.live.tokens_this_minute) == (1, 5)
    second.close()
    assert tried.live.in_flight == 0


def test_a_trial_that_met_a_clients_fault_is_free_again() -> None:
    """The next request tries the rested deployment, instead of waiting for another cooldown."""
    clock = Clock()
    rested = member(clock=clock)
    rested.live.health.failed(Throttled("x"), rested.cooldown, alone=False)
    clock.now += 5
    trial = Attempt(rested, Probe(rested.gate, 5), alone=False)
    assert rested.live.health.resting
    trial.close()
    trial.failed(ContextLengthExceeded("x"))
    assert rested.live.health.state == "on_trial"
