"""What checks have found, shared by processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.health.board import Board, is_bad


def test_findings_have_an_age(tmp_path: Path) -> None:
    """What was found is told with its age, never with the clock's own time."""
    board = Board(tmp_path)
    board.put("d", "call", {"ok": True})
    (told,) = board.told("d").values()
    assert told["ok"] is True
    assert 0 <= told["seconds_ago"] < 60
    assert "at" not in told
    assert board.told("other") == {}


def test_what_is_due() -> None:
    """A finding is due when there is none, or when it is old; each kind by itself."""
    board = Board()
    assert board.is_due("d", "call", 60)
    board.put("d", "call", {"ok": True})
    assert not board.is_due("d", "call", 60)
    assert board.is_due("d", "call", 0)
    assert board.is_due("d", "endpoint_state", 60)


def test_one_process_at_a_time_has_the_turn(tmp_path: Path) -> None:
    """Who does not have it finds out at once, and reads later what the other one has found."""
    one, other = Board(tmp_path), Board(tmp_path)
    with one.turn() as mine:
        assert mine
        with other.turn() as also:
            assert not also
        one.put("d", "call", {"ok": True})
    assert other.told("d") == {}
    other.read()
    assert other.told("d")["call"]["ok"]
    with other.turn() as mine:
        assert mine
        assert not other.is_due("d", "call", 60)


def test_a_process_alone_needs_no_file() -> None:
    """It always has the turn; a board that follows one knows what that knew."""
    board = Board()
    with board.turn() as mine:
        assert mine
        board.put("d", "call", {"ok": True})
    board.read()
    later = Board()
    later.inherit(board)
    assert later.told("d")["call"]["ok"]


@pytest.mark.parametrize(
    ("told", "bad"),
    [
        ({}, False),
        ({"call": {"ok": True}}, False),
        ({"call": {"ok": False}}, True),
        ({"endpoint_state": {"status": "InService"}}, False),
        ({"endpoint_state": {"status": "Updating"}}, False),
        ({"endpoint_state": {"status": "unknown"}}, False),
        ({"endpoint_state": {"status": "Failed"}}, True),
        ({"call": {"ok": True}, "endpoint_state": {"status": "NotFound"}}, True),
    ],
)
def test_what_is_bad(told: dict[str, dict[str, object]], bad: bool) -> None:
    """A failed call, or a state in which nothing answers; not knowing is no fault."""
    assert is_bad(told) is bad
