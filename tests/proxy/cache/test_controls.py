"""What a request says about the cache is read strictly, and told by name where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import InvalidRequest
from proxy.cache.controls import NO_CONTROLS, CacheControls, read_controls

GOOD: list[tuple[Any, CacheControls]] = [
    (None, NO_CONTROLS),
    ({}, NO_CONTROLS),
    ({"no-cache": None}, NO_CONTROLS),
    ({"no-cache": True}, CacheControls(no_cache=True)),
    ({"no-store": True}, CacheControls(no_store=True)),
    ({"use-cache": False}, CacheControls(use_cache=False)),
    ({"ttl": 60}, CacheControls(ttl=60)),
    ({"ttl": 0.5, "s-maxage": 0}, CacheControls(ttl=0.5, max_age=0)),
    ({"s-max-age": 30}, CacheControls(max_age=30)),
    ({"namespace": "team-a:x.y_z"}, CacheControls(namespace="team-a:x.y_z")),
]
WRONG: list[tuple[Any, str]] = [
    (True, "cache"),
    ([], "cache"),
    ("no-cache", "cache"),
    ({"no-cache": 1}, "cache.no-cache"),
    ({"no-store": "true"}, "cache.no-store"),
    ({"use-cache": "yes"}, "cache.use-cache"),
    ({"ttl": "60"}, "cache.ttl"),
    ({"ttl": True}, "cache.ttl"),
    ({"ttl": 0}, "cache.ttl"),
    ({"ttl": -1}, "cache.ttl"),
    ({"ttl": 31_536_001}, "cache.ttl"),
    ({"s-maxage": -1}, "cache.s-maxage"),
    ({"s-maxage": True}, "cache.s-maxage"),
    ({"namespace": 5}, "cache.namespace"),
    ({"namespace": ""}, "cache.namespace"),
    ({"namespace": "a b"}, "cache.namespace"),
    ({"namespace": "x" * 129}, "cache.namespace"),
    ({"no_cache": True}, "cache.no_cache"),
]


@pytest.mark.parametrize(("said", "read"), GOOD)
def test_what_is_said_is_read(said: Any, read: CacheControls) -> None:
    """Each of LiteLLM's controls has its meaning; one that is null was not given."""
    assert read_controls(said) == read


@pytest.mark.parametrize(("said", "param"), WRONG)
def test_what_is_wrong_is_named(said: Any, param: str) -> None:
    """A wrong type, a value out of range and an unknown name are a 400 that names the field."""
    with pytest.raises(InvalidRequest) as caught:
        read_controls(said)
    assert caught.value.status == 400
    assert caught.value.param == param


def test_a_typo_is_told_what_there_is() -> None:
    """A control that nobody knows is not obeyed silently: the message lists those there are."""
    with pytest.raises(InvalidRequest, match="'no-cache', 'no-store', 'use-cache', 'ttl'"):
        read_controls({"nocache": True})


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("no-cache", CacheControls(no_cache=True)),
        ("No-Store, max-age=0", CacheControls(no_store=True, max_age=0)),
        ('max-age="30"', CacheControls(max_age=30)),
        ("max-age=soon, only-if-cached", NO_CONTROLS),
        ("", NO_CONTROLS),
    ],
)
def test_the_header_has_https_meaning(header: str, read: CacheControls) -> None:
    """Cache-Control says what it says in HTTP; what is unknown or malformed there is skipped."""
    assert read_controls(None, header) == read


def test_the_body_wins_over_the_header() -> None:
    """What the body says goes before the header, which fills in the rest."""
    read = read_controls({"no-cache": False, "s-maxage": 5}, "no-cache, no-store, max-age=9")
    assert read == CacheControls(no_cache=False, no_store=True, max_age=5)
