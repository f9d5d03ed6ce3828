"""Keys and spend of a fleet under load: a revoked key, a killed replica, and the books."""

import time

import pytest

from tests.live.emulated import Emulated
from tests.live.fleet.load import Load
from tests.live.fleet.stage import PRICE, Replica
from tests.live.gateway import error_of
from tests.live.keys.counter import BOUND, Counter
from tests.live.lifecycle.stage import until

pytestmark = pytest.mark.xdist_group("fleet")

#: What a busy machine may be late by.
SLACK = 0.75
#: Seconds between two batches of spend.
BATCH = 1.0


def test_a_revoked_key_stops_everywhere(fleet: list[Replica], counter: Counter) -> None:
    """The replica that is told refuses it at once, all others within the bound, and for good."""
    key = counter.made()["key"]
    load = Load(fleet, "plain", key)
    with load.running():
        load.go_on(0.5)
        began = time.monotonic()
        assert load.statuses == {200}
        assert counter.post("/key/block", key=key).status_code == 200
        told = time.monotonic()
        assert counter.ask(key, "plain").status_code == 401
        load.go_on(BOUND + 2 * SLACK)
    late = [each for each in load.outcomes if each.began > told + BOUND + SLACK]
    assert {each.gateway for each in late} == {each.gateway for each in fleet}
    assert {each.status for each in late} == {401}
    at_once = [each for each in load.outcomes if each.gateway is fleet[0].gateway]
    assert {each.status for each in at_once if each.began > told} == {401}
    assert {each.status for each in load.outcomes if each.ended < began} == {200}


def test_a_killed_replica(fleet: list[Replica], counter: Counter, emulated: Emulated) -> None:
    """Only what is on its connections fails; the books lack its last second at most.

    Restarted, it serves as before, with the same keys.
    """
    key = counter.made()["key"]
    victim = fleet[1]
    dead = victim.gateway
    load = Load(fleet, "priced", key)
    with load.running():
        load.go_on(1.5)
        killed = time.monotonic()
        victim.kill()
        load.leave_out(victim)
        load.go_on(0.5)
        victim.start()
        load.take_in(victim)
        load.go_on(0.5)

    failed = [each for each in load.outcomes if each.status != 200]
    assert {each.status for each in failed} <= {0}
    assert {each.gateway for each in failed} <= {dead}
    assert any(each.gateway is victim.gateway for each in load.outcomes)

    arrived = len(emulated.requests("priced"))
    answered = [each for each in load.outcomes if each.status == 200]
    lost = [
        each
        for each in load.outcomes
        if each.gateway is dead and each.ended > killed - BATCH - SLACK
    ]
    assert len(answered) <= arrived <= len(load.outcomes)
    assert 0 < len(lost) < len(answered) / 2

    each_costs = _price_of_one(counter, key)
    until(
        lambda: _requests(counter, key, each_costs) >= arrived + 1 - len(lost), "all in the books"
    )
    time.sleep(BATCH + SLACK)
    assert arrived + 1 - len(lost) <= _requests(counter, key, each_costs) <= arrived + 1


def _price_of_one(counter: Counter, key: str) -> float:
    """Makes one request more; each costs the same."""
    answer = counter.ask(key, "priced")
    assert answer.status_code == 200, error_of(answer)
    cost = float(answer.headers["x-litellm-response-cost"])
    assert cost == answer.json()["usage"]["prompt_tokens"] * PRICE > 0
    return cost


def _requests(counter: Counter, key: str, each_costs: float) -> int:
    """How many requests the key's spend is for."""
    spend: float = counter.get("/key/info", key=key)["info"]["spend"]
    count = spend / each_costs
    assert abs(count - round(count)) < 1e-6 * max(count, 1)
    return round(count)
