"""What a container says behind a choice's finish reason: a part of the answer, before its end."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Json
from adapters.errors import GatewayError
from tests.adapters.passthrough.ask import CHAT, PROMPT, chunk, codec, request, sse, stream

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
COUNTS: Json = {"choices": [], "usage": USAGE, "id": "up", "created": 5}


def piece(params: Json, text: str, finish: str | None = None, index: int = 0) -> Json:
    words = {"delta": {"content": text}} if params is CHAT else {"text": text}
    return chunk({**words, "index": index, "finish_reason": finish})


def told(chunks: list[Json]) -> list[tuple[int, str, str | None]]:
    """Every choice's index, text and finish reason, in the order given."""
    choices = [choice for each in chunks for choice in each["choices"]]
    return [
        (each["index"], each.get("text", each.get("delta", {}).get("content")), reason)
        for each in choices
        for reason in [each["finish_reason"]]
    ]


@pytest.mark.parametrize("params", [CHAT, PROMPT], ids=["chat", "completion"])
@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b""], ids=["done", "open"])
def test_a_late_text_comes_before_the_end(params: Json, end: bytes) -> None:
    """Nothing of it is lost, and nothing follows a finish reason: OpenAI's contract for streams."""
    records = (piece(params, "a"), piece(params, "b", "length"), piece(params, "c"), COUNTS)
    asked = {**params, "stream": True, "stream_options": {"include_usage": True}}
    chunks = stream("openai", asked, sse(*records, end=end))

    assert told(chunks) == [(0, "a", None), (0, "b", None), (0, "c", "length")]
    assert chunks[-1]["usage"] == USAGE


def test_a_choice_that_ends_twice_ends_once() -> None:
    """The later word counts, and the earlier chunk keeps no word of an end."""
    records = (piece(CHAT, "a", "bored"), piece(CHAT, "", "length"))
    chunks = stream("messages", CHAT, sse(*records))
    assert told(chunks) == [(0, "a", None), (0, "", "length")]
    assert "container_finish_reason" not in chunks[0]["choices"][0]


def test_each_choice_has_an_end_of_its_own() -> None:
    """Others go on meanwhile; each ends behind its own last text."""
    records = (
        piece(CHAT, "a", "stop", 0),
        piece(CHAT, "b", None, 1),
        piece(CHAT, "c", None, 0),
        piece(CHAT, "d", "length", 1),
    )
    given = told(stream("messages", CHAT, sse(*records)))
    assert given == [(1, "b", None), (0, "a", None), (0, "c", "stop"), (1, "d", "length")]


@pytest.mark.parametrize("error", [{"error": {"message": "x", "code": 500}}, {"surprise": 1}])
def test_what_came_before_a_fault_is_given(error: Any) -> None:
    """An end that is held is no less there than any other chunk."""
    used = codec("messages", "chat")
    asked = request(CHAT)
    decoder = used.decoder(asked, used.encode(asked)[0])
    chunks: list[Json] = []
    with pytest.raises(GatewayError):
        chunks.extend(decoder.feed(sse(piece(CHAT, "a", "stop"), error, end=b"")))
    assert told(chunks) == [(0, "a", "stop")]
