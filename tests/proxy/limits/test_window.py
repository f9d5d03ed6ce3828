"""The ring, cell by cell."""

from proxy.limits.window import BUCKETS, Window


def test_a_writer_that_died_in_the_middle_is_put_right() -> None:
    """Whatever it left in the sum, the next bucket's first call counts the amounts themselves."""
    cells = [0] * Window.SIZE
    window = Window(cells, 0)
    window.add(1000, 5)
    cells[1] = 77  # the sum
    assert window.used(1001) == 5


def test_a_bucket_is_used_again_when_its_turn_comes() -> None:
    """One ring's length later the same cell counts from nothing."""
    window = Window([0] * Window.SIZE, 0)
    window.add(1000, 5)
    assert window.used(1000 + BUCKETS - 1) == 5
    window.add(1000 + BUCKETS, 2)
    assert window.used(1000 + BUCKETS) == 2


def test_what_is_forgotten_was_there() -> None:
    """More than was counted can't be given back."""
    window = Window([0] * Window.SIZE, 0)
    window.add(1000, 5)
    window.add(1001, 4)
    window.add(1000, -7)
    assert window.used(1001) == 4


def test_time_that_goes_back_loses_nothing() -> None:
    """A reading older than the newest counts in its own bucket."""
    window = Window([0] * Window.SIZE, 0)
    window.add(1000, 1)
    window.add(999, 2)
    assert window.used(999) == 3
    assert window.used(999 + BUCKETS) == 1
