"""A request that is too large: what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import PayloadTooLarge
from adapters.largest_part import with_largest_part

MB = 1024 * 1024
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5 * MB}}
TEXT = {"type": "text", "text": "secret " * 10}


def said(params: dict[str, Any]) -> PayloadTooLarge:
    error = with_largest_part(PayloadTooLarge("Too large.", detail="d", request_id="r"), params)
    assert (error.detail, error.request_id) == ("d", "r")
    assert error.status == 413
    return error


@pytest.mark.parametrize(
    ("params", "place", "words"),
    [
        (
            {"messages": [{"role": "user", "content": [IMAGE, TEXT]}]},
            "messages[0].content[0]",
            "'messages[0].content[0]' (image), has 5.0 MB.",
        ),
        (
            {"messages": [{"role": "user", "content": "a"}, {"content": "b" * MB}]},
            "messages[1].content",
            "'messages[1].content', has 1.0 MB.",
        ),
        (
            {"messages": [{"content": "a" * MB} for _ in range(5)], "n": 1},
            "messages",
            "'messages', has 5.0 MB.",
        ),
        ({"input": ["a", "b" * MB]}, "input[1]", "'input[1]', has 1.0 MB."),
        ({"input": list(range(1000)), "user": "x"}, "input", "'input', has 3891 bytes."),
        ({"prompt": "p" * 100}, "prompt", "'prompt', has 102 bytes."),
        ({"tools": [{"a": {"b": {"c": "d" * MB}}}]}, "tools[0].a.b.c", "'tools[0].a.b.c', has"),
    ],
)
def test_the_largest_part_is_named(params: dict[str, Any], place: str, words: str) -> None:
    """Its place in the client's own words, its kind, its size, and nothing of what it says."""
    error = said(params)
    assert error.param == place
    assert words in error.message
    assert error.message.startswith("Too large. The largest part, ")
    assert "secret" not in error.message
    assert len(error.message) < 400


def test_names_and_depth_have_bounds() -> None:
    """A client's own names are cut, and nesting is followed so far only."""
    deep: Any = "x" * 1000
    for _ in range(100):
        deep = {"k" * 50: deep}
    assert len(said({"extra": deep}).message) < 400
