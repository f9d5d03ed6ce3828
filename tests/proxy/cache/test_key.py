"""Requests share a key only where nothing in them could change the answer."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Json
from proxy.cache.key import cache_key

PARAMS: Json = {"messages": [{"role": "user", "content": "Hi"}], "temperature": 0, "n": 1}
ABOUT: dict[str, Any] = {"model": "m", "caller": "admin"}


def key(params: Json = PARAMS, task: Any = "chat", **about: Any) -> str | None:
    return cache_key(task, params, **{**ABOUT, **about})


def test_a_key_is_a_hash() -> None:
    """A key has 64 hexadecimal digits, and says nothing about the request."""
    made = key()
    assert made is not None
    assert len(made) == 64
    int(made, 16)


@pytest.mark.parametrize(
    "params",
    [
        dict(reversed(PARAMS.items())),
        {**PARAMS, "stream": True},
        {**PARAMS, "stream": True, "stream_options": {"include_usage": True}},
    ],
)
def test_order_and_delivery_do_not_count(params: Json) -> None:
    """Neither the order of the parameters nor streaming changes the answer."""
    assert key(params) == key()


@pytest.mark.parametrize(
    "params",
    [
        {**PARAMS, "temperature": 0.1},
        {**PARAMS, "n": True},
        {**PARAMS, "n": 2},
        {**PARAMS, "user": "someone"},
        {**PARAMS, "own_parameter": None},
        {**PARAMS, "messages": [{"role": "user", "content": "Hi "}]},
        {**PARAMS, "messages": [{"role": "system", "content": "Hi"}]},
        {name: value for name, value in PARAMS.items() if name != "n"},
    ],
)
def test_every_parameter_counts(params: Json) -> None:
    """Whatever reaches a container, of whatever type, makes another key."""
    assert key(params) != key()


@pytest.mark.parametrize(
    "about",
    [
        {"task": "completion"},
        {"model": "other"},
        {"caller": "somebody else"},
        {"caller": None},
        {"namespace": "n"},
        {"settings": "other settings"},
        {"tags": ("paid",)},
        {"headers": (("x-amzn-sagemaker-target-model", "m.tar.gz"),)},
    ],
)
def test_what_surrounds_the_parameters_counts(about: dict[str, Any]) -> None:
    """Task, model, settings, caller, namespace, tags and forwarded headers make another key."""
    assert key(**about) != key()


def test_the_order_of_tags_and_headers_does_not_count() -> None:
    """Tags are a set, and so are headers, whose names have no case."""
    one = key(tags=("a", "b"), headers=(("X-A", "1"), ("x-b", "2")))
    assert one == key(tags=("b", "a"), headers=(("X-B", "2"), ("x-a", "1")))


def test_the_order_inside_a_schema_counts() -> None:
    """Models are told a schema's properties in their order, so another order is another request."""
    one = {"a": {"type": "string"}, "b": {"type": "string"}}
    other = dict(reversed(one.items()))
    assert key({"response_format": one}) != key({"response_format": other})


def test_nothing_slips_from_one_place_to_another() -> None:
    """A text in one place is never taken for the same text in the place beside it."""
    assert key(caller="a", namespace="b") != key(caller="b", namespace="a")
    assert key(tags=("x",)) != key(headers=(("x", ""),))


def test_what_is_nested_too_deeply_has_no_key() -> None:
    """A request that can't be written has no key, rather than a failure."""
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    assert key({"messages": deep}) is None
