"""Lanes are served in turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.fair_queue import FairQueue


def queue(*items: str) -> FairQueue[str]:
    """Give a queue of items such as `a1`, whose lane is their first letter."""
    made: FairQueue[str] = FairQueue()
    for item in items:
        made.push(item[0], item)
    return made


def drained(items: FairQueue[str]) -> list[str]:
    """Take everything out, in order."""
    taken: list[str] = []
    while items:
        first = items.first()
        taken.append(items.pop())
        assert taken[-1] == first
    return taken


def test_callers_are_served_in_turn() -> None:
    """A caller with one item waits for one of another's crowd, not for all of it."""
    assert drained(queue("a1", "a2", "a3", "b1")) == ["a1", "b1", "a2", "a3"]


def test_a_caller_s_own_items_keep_their_order() -> None:
    """Within a lane the first that came is the first that goes."""
    assert drained(queue("a1", "a2", "a3")) == ["a1", "a2", "a3"]


def test_what_is_taken_out_is_never_served() -> None:
    """An item leaves from wherever it stands, and its lane with it once it is empty."""
    items = queue("a1", "a2", "b1")
    items.remove("b", "b1")
    items.remove("a", "a1")
    assert drained(items) == ["a2"]


def test_a_lane_that_comes_back_waits_for_its_turn() -> None:
    """Whoever was served stands behind those who were not, also after its lane was empty."""
    items = queue("a1", "b1", "c1")
    assert items.pop() == "a1"
    items.push("a", "a2")
    assert drained(items) == ["b1", "c1", "a2"]


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_nothing_is_lost(lanes: list[str]) -> None:
    """Everything that goes in comes out, once, and each lane's items in their order."""
    items = [f"{lane}{number}" for number, lane in enumerate(lanes)]
    taken = drained(queue(*items))
    assert sorted(taken) == sorted(items)
    for lane in "abc":
        of_lane = [item for item in items if item[0] == lane]
        assert [item for item in taken if item[0] == lane] == of_lane
