"""The ring, cell by cell."""

from proxy.limits.window import BUCKETS, WIDTH, WINDOW, Window, bucket_of

NOW = 1000 * WIDTH


def new() -> Window:
    return Window([0] * Window.SIZE, 0)


def test_a_writer_that_died_in_the_middle_is_put_right() -> None:
    """Whatever it left in the sum, the next bucket's first call counts the amounts themselves."""
    cells = [0] * Window.SIZE
    window = Window(cells, 0)
    window.add(NOW, 5)
    cells[1] = 77  # the sum
    assert window.used(NOW + WIDTH) == 5


def test_a_bucket_is_used_again_when_its_turn_comes() -> None:
    """One ring's length later the same cell counts from nothing."""
    window = new()
    window.add(NOW + 0.4, 5)
    assert window.used(NOW + WINDOW) == 5
    window.add(NOW + BUCKETS * WIDTH, 2)
    assert window.used(NOW + BUCKETS * WIDTH) == 2


def test_a_bucket_leaves_with_what_came_last_in_it() -> None:
    """Sixty seconds after that, and not when its half second would have been over."""
    window = new()
    window.add(NOW + 0.1, 5)
    window.add(NOW + 0.2, 5)
    assert window.used(NOW + WINDOW + 0.199) == 10
    assert window.used(NOW + WINDOW + 0.201) == 0
    window.add(NOW + WINDOW + 0.3, 1)
    assert window.used(NOW + WINDOW + 0.4) == 1


def test_nobody_waits_for_more_than_a_minute() -> None:
    """Nor less than until there is room: a client that comes as it was told is let in."""
    window = new()
    window.add(NOW, 5)
    assert window.wait(NOW, 1) == WINDOW
    wait = window.wait(NOW + 0.3, 1)
    assert window.used(NOW + 0.3 + wait) == 0


def test_what_is_forgotten_was_there() -> None:
    """More than was counted can't be given back; nor what has left."""
    window = new()
    window.add(NOW, 5)
    window.add(NOW + WIDTH, 4)
    window.take_off(bucket_of(NOW), 7)
    assert window.used(NOW + WIDTH) == 4
    window.take_off(bucket_of(NOW) - BUCKETS, 4)
    assert window.used(NOW + WIDTH) == 4


def test_time_that_goes_back_loses_nothing() -> None:
    """A reading older than the newest counts in its own bucket, unless that has left."""
    window = new()
    window.add(NOW, 1)
    window.add(NOW - WIDTH, 2)
    window.add(NOW - 2 * WINDOW, 4)
    assert window.used(NOW - WIDTH) == 3
    assert window.used(NOW - WIDTH + WINDOW + 0.01) == 1
