"""What a deployment's requests may take, and what a request may ask for."""

from __future__ import annotations

import pytest

from proxy.routing.times import Times
from proxy.routing.wishes import NO_WISHES, Wishes

ALL = Times(total=60, connect=3, first_byte=10, stream=20, idle=7, longest_stream=300)


def test_a_whole_answer_has_all_the_time_that_is_left() -> None:
    """Connecting and the first byte have limits of their own within it."""
    limits = ALL.of_answer(30)
    assert (limits.connect, limits.first_byte, limits.idle, limits.deadline) == (3, 10, 30, 30)
    assert Times().of_answer(30).first_byte == 30


def test_little_time_bounds_every_limit() -> None:
    """No limit is longer than what is left of the request."""
    limits = ALL.of_answer(1)
    assert (limits.connect, limits.first_byte, limits.idle, limits.deadline) == (1, 1, 1, 1)
    stream = ALL.of_stream(1)
    assert (stream.connect, stream.first_byte) == (1, 1)


def test_a_stream_has_its_own_times() -> None:
    """`timeout` ends with its first chunk; later its silence and its length are bounded."""
    limits = ALL.of_stream(30)
    assert (limits.connect, limits.first_byte, limits.idle, limits.deadline) == (3, 10, 7, 300)
    plain = Times(total=60, stream=20).of_stream(30)
    assert (plain.first_byte, plain.idle, plain.deadline) == (20, 20, None)
    bare = Times(total=60).of_stream(30)
    assert (bare.first_byte, bare.idle, bare.deadline) == (30, 60, None)


@pytest.mark.parametrize(
    ("wishes", "total", "stream", "idle"),
    [
        (NO_WISHES, 60, 20, 7),
        (Wishes(seconds=5), 5, 20, 7),
        (Wishes(seconds=500), 60, 20, 7),
        (Wishes(stream_seconds=5), 60, 5, 5),
        (Wishes(stream_seconds=500), 60, 20, 7),
    ],
)
def test_a_request_may_shorten_its_times_and_not_lengthen_them(
    wishes: Wishes, total: float, stream: float, idle: float
) -> None:
    """What the configuration gives is the most."""
    wanted = ALL.wanted(wishes)
    assert (wanted.total, wanted.stream, wanted.idle) == (total, stream, idle)


def test_a_silence_that_is_not_configured_can_be_shortened() -> None:
    """`stream_timeout` in a request bounds streams of deployments that have none."""
    limits = Times(total=60).wanted(Wishes(stream_seconds=5)).of_stream(60)
    assert (limits.first_byte, limits.idle) == (5, 5)


@pytest.mark.parametrize(("left", "stream", "cut"), [(60, True, False), (59, False, False)])
def test_nearly_all_the_time_is_all_of_it(left: float, stream: bool, cut: bool) -> None:
    """A try after one that failed at once can be blamed for being late."""
    given = ALL.of_stream(left) if stream else ALL.of_answer(left)
    assert ALL.are_cut(given, stream=stream, begun=False) is cut


def test_a_try_with_less_time_is_cut() -> None:
    """Before the first byte that time counts, afterwards the silence."""
    short = ALL.of_answer(5)
    assert ALL.are_cut(short, stream=False, begun=False)
    wished = ALL.wanted(Wishes(stream_seconds=5)).of_stream(60)
    assert ALL.are_cut(wished, stream=True, begun=True)
    assert not ALL.are_cut(ALL.of_stream(1), stream=True, begun=True)
