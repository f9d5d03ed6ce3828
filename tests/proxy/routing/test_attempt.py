"""One try of one deployment."""

from __future__ import annotations

import asyncio

from adapters.base import Limits
from adapters.errors import ContextLengthExceeded, DeadlineExceeded, Throttled
from proxy.routing.attempt import Attempt
from proxy.routing.gate import Probe
from proxy.routing.permits import AdmissionPolicy, Place
from proxy.routing.times import Times
from proxy.routing.tries import Try
from tests.proxy.routing.groups import Clock, member

ASKED = [{"role": "user", "content": "Hi"}]


def note() -> Try:
    return Try(model="m", deployment="d", endpoint="e", provider="sagemaker")


def test_only_the_first_end_counts() -> None:
    """Whoever ends a try twice neither counts its tokens twice nor loses another call."""
    tried = member()
    first, second = (Attempt(tried, note(), Probe(tried.gate, 5), alone=True) for _ in range(2))
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
    is_trial = rested.live.health.begin(rested.cooldown)
    trial = Attempt(rested, note(), Probe(rested.gate, 5), alone=False, is_trial=is_trial)
    assert rested.live.health.resting
    trial.close()
    trial.failed(ContextLengthExceeded("x"))
    assert rested.live.health.state == "on_trial"


async def test_time_in_the_queue_is_not_the_deployments() -> None:
    """A deployment that was left half of its time is not late; one that had nearly all is."""
    for waited, failures in ((5.0, None), (0.1, "DeadlineExceeded")):
        clock = Clock()
        crowded = member(clock=clock, times=Times(total=10), admission=AdmissionPolicy(limit=1))
        held = await crowded.live.permits.acquire(Place(policy=AdmissionPolicy(limit=1)))
        late = Attempt(crowded, note(), Probe(crowded.gate, 5), alone=True)
        late.give(crowded.times.of_answer(10), stream=False)
        calling = asyncio.ensure_future(late.endpoint.call("chat", {"messages": ASKED}, Limits()))
        await asyncio.sleep(0)
        clock.now += waited
        held.release()
        await calling
        late.failed(DeadlineExceeded("x"))
        told = crowded.live.health.last_failure
        assert (told and told.told(clock())["type"]) == failures
