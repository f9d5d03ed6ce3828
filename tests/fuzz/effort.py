"""How hard is searched: a little and repeatably, or as much as `make fuzz` has time for."""

import os

from hypothesis import HealthCheck, settings

#: Set by `make fuzz`.
LONG = "FUZZ_SECONDS" in os.environ
#: A round of the long search has so many times the examples of the short one.
_LONGER = 8


def searching(examples: int) -> settings:
    """The settings of a test that tries so many examples in the short search."""
    return settings(
        max_examples=examples * _LONGER if LONG else examples,
        derandomize=not LONG,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
            HealthCheck.too_slow,
        ],
    )
