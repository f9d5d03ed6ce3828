import pytest

from benchmarks.statistic import paired, percentile, spread


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1.0), (0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0)]
)
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    """A percentile is the smallest value that so many do not exceed, whatever their order."""
    assert percentile([float(number) for number in range(100, 0, -1)], share) == expected


def test_the_percentile_of_one_value_is_that_value() -> None:
    """A single value is every percentile."""
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0


def test_a_spread_has_half_of_the_values_inside() -> None:
    """The middle half lies between the quartiles; one value is its own spread."""
    assert spread([5.0, 1.0, 4.0, 2.0, 3.0]) == (3.0, 2.0, 4.0)
    assert spread([3.0]) == (3.0, 3.0, 3.0)


def test_ratios_are_taken_within_pairs() -> None:
    """A round in which the machine was slow for both changes no ratio."""
    assert paired([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == (2.0, 2.0, 2.0)


def test_pairs_must_be_complete() -> None:
    """A missing partner is an error, never a shifted pair."""
    with pytest.raises(ValueError, match="shorter"):
        paired([1.0, 2.0], [1.0])
