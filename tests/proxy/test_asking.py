"""What a request asks of its routing, in its body and in headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.datastructures import Headers

from adapters.errors import InvalidRequest
from proxy.asking import MOST_RETRIES, wishes
from proxy.routing.wishes import NO_WISHES, Wishes

BODY = {"model": "m", "messages": [], "temperature": 1}


def asked(body: Mapping[str, Any] | None = None, /, **headers: str) -> Wishes:
    named = {f"x-litellm-{name.replace('_', '-')}": text for name, text in headers.items()}
    return wishes({**BODY, **(body or {})}, Headers(named).raw)


def test_most_requests_ask_for_nothing() -> None:
    """Null is nothing, and other headers of the same kind are not about routing."""
    assert asked() is NO_WISHES
    assert asked({"timeout": None, "tags": None, "metadata": None}) is NO_WISHES
    assert asked(call_id="c") is NO_WISHES


@pytest.mark.parametrize(
    ("body", "wished"),
    [
        ({"timeout": 2}, Wishes(seconds=2)),
        ({"stream_timeout": 0.5}, Wishes(stream_seconds=0.5)),
        ({"num_retries": 0}, Wishes(retries=0)),
        ({"max_retries": 3}, Wishes(retries=3)),
        ({"num_retries": 1, "max_retries": 3}, Wishes(retries=1)),
        ({"num_retries": 10**9}, Wishes(retries=MOST_RETRIES)),
        ({"fallbacks": ["a", "b"]}, Wishes(fallbacks=("a", "b"))),
        ({"fallbacks": []}, Wishes(fallbacks=())),
        ({"disable_fallbacks": True}, Wishes(no_fallbacks=True)),
        ({"tags": ["a", "b"]}, Wishes(tags=frozenset("ab"))),
        ({"metadata": {"tags": ["a"]}}, Wishes(tags=frozenset("a"))),
        ({"metadata": {"tags": ["a"]}, "tags": ["b"]}, Wishes(tags=frozenset("b"))),
        ({"user": "u"}, Wishes(session="u")),
        ({"user": "u", "litellm_session_id": "s"}, Wishes(session="s")),
        ({"extra_body": {"timeout": 2, "tags": ["a"]}}, Wishes(seconds=2, tags=frozenset("a"))),
    ],
)
def test_the_body_says_it(body: dict[str, Any], wished: Wishes) -> None:
    """At its top, in `extra_body`, and tags in `metadata` as well."""
    assert asked(body) == wished


def test_openais_own_metadata_is_no_wish() -> None:
    """It may have a text called `tags`."""
    assert asked({"metadata": {"tags": "a,b"}}) == Wishes()


@pytest.mark.parametrize(
    ("headers", "wished"),
    [
        ({"timeout": "2.5"}, Wishes(seconds=2.5)),
        ({"stream_timeout": "3"}, Wishes(stream_seconds=3)),
        ({"num_retries": "0"}, Wishes(retries=0)),
        ({"tags": "a, b ,,"}, Wishes(tags=frozenset("ab"))),
        ({"session_id": "s"}, Wishes(session="s")),
    ],
)
def test_headers_say_it(headers: dict[str, str], wished: Wishes) -> None:
    """Under LiteLLM's names."""
    assert asked(**headers) == wished


@pytest.mark.parametrize("name", ["num_retries", "max_retries"])
def test_the_body_wins_over_the_headers(name: str) -> None:
    """Also where it uses the other name for the same."""
    wished = asked({name: 1, "timeout": 5}, num_retries="2", timeout="9", tags="a")
    assert wished == Wishes(retries=1, seconds=5, tags=frozenset("a"))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "2"}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"stream_timeout": float("inf")}, "stream_timeout"),
        ({"num_retries": -1}, "num_retries"),
        ({"num_retries": 1.5}, "num_retries"),
        ({"num_retries": True}, "num_retries"),
        ({"max_retries": "x"}, "max_retries"),
        ({"fallbacks": "a"}, "fallbacks"),
        ({"fallbacks": [{"a": ["b"]}]}, "fallbacks"),
        ({"disable_fallbacks": "yes"}, "disable_fallbacks"),
        ({"tags": "a"}, "tags"),
        ({"metadata": {"tags": [1]}}, "tags"),
        ({"litellm_session_id": 5}, "litellm_session_id"),
    ],
)
def test_what_is_not_of_its_kind_is_named(body: dict[str, Any], param: str) -> None:
    """A wish that can't be understood is a 400, and not passed over in silence."""
    with pytest.raises(InvalidRequest) as caught:
        asked(body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("headers", "param"),
    [
        ({"timeout": "soon"}, "x-litellm-timeout"),
        ({"timeout": ""}, "x-litellm-timeout"),
        ({"timeout": "nan"}, "timeout"),
        ({"timeout": "-3"}, "timeout"),
        ({"num_retries": "1.5"}, "num_retries"),
        ({"num_retries": "inf"}, "num_retries"),
    ],
)
def test_headers_that_make_no_sense_are_named(headers: dict[str, str], param: str) -> None:
    """As in the body."""
    with pytest.raises(InvalidRequest) as caught:
        asked(**headers)
    assert caught.value.param == param
