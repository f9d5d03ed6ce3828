"""One try of one deployment."""

from __future__ import annotations

from proxy.routing.attempt import Attempt
from tests.proxy.routing.groups import member


def test_only_the_first_end_counts() -> None:
    """Whoever ends a try twice neither counts its tokens twice nor loses another call."""
    tried = member()
    first, second = (Attempt(tried, alone=True) for _ in range(2))
    first.close({"total_tokens": 5})
    first.close({"total_tokens": 5})
    assert (tried.live.in_flight, tried.live.tokens_this_minute) == (1, 5)
    second.close()
    assert tried.live.in_flight == 0
