"""Limits of a fleet, with Redis, and while Redis is away for five seconds under load."""

import json
from collections import Counter as Counts
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live.emulated import Emulated
from tests.live.fleet.load import Load
from tests.live.fleet.stage import RPM, Replica, away, log_of
from tests.live.keys.counter import Counter
from tests.live.lifecycle.stage import until
from tests.redis_server import RedisServer

pytestmark = pytest.mark.xdist_group("fleet")

#: Seconds that a request may take meanwhile: the patience with Redis, and a busy machine's time.
SLOW = 5.0


def flood(fleet: list[Replica], model: str, each_sends: int) -> Counts[int]:
    """Requests at all replicas at once; how they were answered."""

    def send(replica: Replica) -> list[int]:
        return [replica.gateway.chat(model).status_code for _ in range(each_sends)]

    with ThreadPoolExecutor(len(fleet)) as threads:
        return Counts(status for part in threads.map(send, fleet) for status in part)


def sharing(replica: Replica) -> bool:
    """Whether its metrics say that it shares."""
    page = replica.gateway.http.get("/metrics").text
    return "sagegate_fleet_processes 1.0" in page


def test_limits_are_exact(fleet: list[Replica], emulated: Emulated) -> None:
    """Three replicas at once let through what one would, and the endpoint sees no more."""
    assert flood(fleet, "limited-0", RPM) == {200: RPM, 429: 2 * RPM}
    assert len(emulated.requests("limited")) == RPM


@pytest.mark.parametrize(
    ("way", "seconds", "model"), [("killed", 5, "limited-1"), ("frozen", 3, "limited-2")]
)
def test_seconds_without_redis(
    fleet: list[Replica],
    counter: Counter,
    fleet_redis: RedisServer,
    emulated: Emulated,
    way: str,
    seconds: float,
    model: str,
) -> None:
    """No request fails; each replica counts for itself meanwhile, and all for all afterwards."""
    until(lambda: all(map(sharing, fleet)), "all share")
    lost = log_of(fleet, "fleet.redis_lost")
    load = Load(fleet, "plain", counter.made()["key"])
    with load.running():
        with away(fleet_redis, way):
            load.go_on(seconds / 2)
            assert flood(fleet, model, RPM + 2) == {200: 3 * RPM, 429: 6}
            load.go_on(seconds / 2)
            assert not any(map(sharing, fleet))
        until(lambda: all(map(sharing, fleet)), "all share again")
        until(lambda: _counts_there(fleet, model), "limits are counted in Redis again")
    assert load.statuses == {200}
    assert max(each.seconds for each in load.outcomes) < SLOW
    assert log_of(fleet, "fleet.redis_lost") == lost + 3
    if way == "killed":  # what it knew is gone: there is one minute's worth for all, once more
        passed = len(emulated.requests("limited"))
        flood(fleet, model, RPM)
        assert passed <= len(emulated.requests("limited")) <= 4 * RPM


def _counts_there(fleet: list[Replica], model: str) -> bool:
    """Whether every replica has found Redis again, as its log says."""
    fleet[0].gateway.chat(model)
    said = [each.gateway.process.err.splitlines() for each in fleet]
    events = [
        [json.loads(line)["event"] for line in lines if "limits.redis_" in line] for lines in said
    ]
    for each in fleet:
        each.gateway.chat(model)
    return all(not each or each[-1] == "limits.redis_found" for each in events)
