"""Which models stand in for one that failed."""

from __future__ import annotations

import pytest

from adapters.errors import (
    ContextLengthExceeded,
    DeadlineExceeded,
    EndpointNotFound,
    GatewayError,
    InvalidRequest,
    ModelError,
    RateLimited,
    Throttled,
    UpstreamError,
)
from proxy.routing.fallbacks import Fallbacks

LISTS = Fallbacks(
    general={"a": ("b", "c")},
    context_window={"a": ("long",)},
    content_policy={"a": ("bold",)},
    default=("spare",),
)


@pytest.mark.parametrize(
    ("error", "models"),
    [
        (UpstreamError("x"), ("b", "c")),
        (Throttled("x"), ("b", "c")),
        (RateLimited("x"), ("b", "c")),
        (EndpointNotFound("x"), ("b", "c")),
        (ContextLengthExceeded("x"), ("long",)),
        (ModelError("x", status=400, code="content_filter"), ("bold",)),
        (InvalidRequest("x"), ()),
        (ModelError("x", status=422), ()),
        (DeadlineExceeded.after(1), ("b", "c")),
    ],
)
def test_each_failure_has_its_list(error: GatewayError, models: tuple[str, ...]) -> None:
    """The request's own fault, and its time, are no reason to ask another model."""
    assert LISTS.of("a", error) == models


def test_models_without_a_list_have_the_default() -> None:
    """And a model never stands in for itself."""
    assert LISTS.of("z", UpstreamError("x")) == ("spare",)
    assert LISTS.of("spare", UpstreamError("x")) == ()
    assert LISTS.of("z", ContextLengthExceeded("x")) == ("spare",)


def test_a_request_may_bring_its_own_list() -> None:
    """It stands in the configured one's place, and is as bounded."""
    assert LISTS.of("a", UpstreamError("x"), ("q", "q", "a", "r")) == ("q", "r")
    assert LISTS.of("a", UpstreamError("x"), ()) == ()
    many = tuple(f"m{i}" for i in range(9))
    assert len(LISTS.of("a", UpstreamError("x"), many)) == 5
