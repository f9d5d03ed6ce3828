"""Scores of documents, as containers write them: one for each document, found and checked.

Knows TEI's list, Cohere's and Jina's `results`, Voyage's `data`, and bare numbers. Refuses to know
the documents.
Sources: https://huggingface.github.io/text-embeddings-inference/ and
https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from typing import Any, Final

from adapters.container import unknown_shape
from adapters.errors import MalformedReply

#: Where containers put the scores when they answer an object, and what they call one.
_LISTS: Final = ("results", "data", "scores")
_NAMES: Final = ("score", "relevance_score")
_NUMBERS: Final = frozenset({float, int})


def read(reply: Any, wanted: int, *, may_lack: bool = False) -> dict[int, float]:
    """Give each document's score by its index.

    Args:
        reply: The parsed reply.
        wanted: The number of documents.
        may_lack: The container was asked for the best of them only.

    Raises:
        MalformedReply: an unknown shape, or not one score for each document.
    """
    items = reply
    if isinstance(reply, dict):
        items = next((reply[name] for name in _LISTS if isinstance(reply.get(name), list)), None)
    if not isinstance(items, list) or not items:
        raise unknown_shape(reply)
    pairs = [_pair(place, item) for place, item in enumerate(items)]
    scores = dict(pair for pair in pairs if pair is not None)
    if None in pairs:
        raise unknown_shape(reply)
    places = set(range(wanted))
    fits = scores.keys() <= places if may_lack else scores.keys() == places
    if not fits or len(items) != len(scores):
        raise MalformedReply(
            f"The container answered {len(items)} scores for {wanted} documents, or not one for "
            "each of them."
        )
    return scores


def shape(reply: Any) -> str:
    """Give the name of a readable reply's shape: `[].score`, `results[].relevance_score`, ..."""
    name, items = "", reply
    if isinstance(reply, dict):
        name = next(name for name in _LISTS if isinstance(reply.get(name), list))
        items = reply[name]
    if not isinstance(items[0], dict):
        return f"{name}[]"
    return f"{name}[].{next(each for each in _NAMES if type(items[0].get(each)) in _NUMBERS)}"


def _pair(place: int, item: Any) -> tuple[int, float] | None:
    """Give a document's index and score; a bare number stands in the documents' order."""
    if type(item) in _NUMBERS:
        return place, item
    if not isinstance(item, dict) or type(item.get("index")) is not int:
        return None
    found = next((item[name] for name in _NAMES if type(item.get(name)) in _NUMBERS), None)
    return None if found is None else (item["index"], found)
