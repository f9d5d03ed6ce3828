"""Sessions keep to one deployment, without anything remembered."""

from __future__ import annotations

from collections import Counter

from proxy.routing.affinity import keep_together
from tests.proxy.routing.groups import member

SESSIONS = [f"session-{number}" for number in range(2000)]


def test_a_session_has_one_deployment() -> None:
    """The same in every process and in whichever order the deployments stand."""
    members = [member(name) for name in "abc"]
    for session in SESSIONS[:100]:
        chosen = keep_together(session, members).endpoint.id
        assert keep_together(session, members[::-1]).endpoint.id == chosen
    assert keep_together("session-1", members).endpoint.id == "a"


def test_sessions_spread_evenly() -> None:
    """Without weights each has about as many."""
    members = [member(name) for name in "abcd"]
    counts = Counter(keep_together(session, members).endpoint.id for session in SESSIONS)
    assert all(400 < count < 600 for count in counts.values())


def test_sessions_spread_by_weight() -> None:
    """The heavier have more; who has no weight beside others that do has none."""
    members = [member("a", weight=3), member("b", weight=1), member("c", weight=0)]
    counts = Counter(keep_together(session, members).endpoint.id for session in SESSIONS)
    assert 1350 < counts["a"] < 1650
    assert counts["c"] == 0


def test_only_the_sessions_of_a_deployment_that_goes_move() -> None:
    """The others keep theirs."""
    members = [member(name) for name in "abcd"]
    before = {session: keep_together(session, members).endpoint.id for session in SESSIONS}
    after = {session: keep_together(session, members[1:]).endpoint.id for session in SESSIONS}
    moved = {session for session in SESSIONS if before[session] != after[session]}
    assert moved == {session for session in SESSIONS if before[session] == "a"}
