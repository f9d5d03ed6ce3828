"""A TEI container that ranks texts by how much they have to do with a query.

The score grows with the share of the query's words that a text has; a hash breaks ties.
"""

import hashlib
import math
import re
from typing import Any

from emulator.containers import tei
from emulator.containers.base import Answer, ContainerRequest, document
from emulator.endpoints import RerankEndpoint


class Rerank:
    """The container behind a `rerank` endpoint."""

    def __init__(self, settings: RerankEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """Index and score of each text, the best first."""
        content = tei.read(request.body)
        query, texts = _query(content), _texts(content)
        tei.check_batch(len(texts), self._settings.batch_limit)
        truncate = tei.flag(content, "truncate", default=False)
        raw_scores = tei.flag(content, "raw_scores", default=False)
        return_text = tei.flag(content, "return_text", default=False)
        ranks: list[dict[str, Any]] = []
        for index, text in enumerate(texts):
            score = logit(*self._pair(query, text, truncate=truncate))
            rank = {"index": index, "score": score if raw_scores else _sigmoid(score)}
            ranks.append({**rank, "text": text} if return_text else rank)
        return document(sorted(ranks, key=lambda rank: rank["score"], reverse=True))

    def _pair(self, query: str, text: str, *, truncate: bool) -> tuple[str, str]:
        """What is left of both when they are cut to the limit, the query first."""
        pair = tei.fitting(f"{query}\0{text}", self._settings.context_length, truncate=truncate)
        kept, _, rest = str(pair).partition("\0")
        return kept, rest


def logit(query: str, text: str) -> float:
    """Between -4, no word in common, and a little above 4, all of them."""
    wanted, there = _words(query), _words(text)
    share = len(wanted & there) / len(wanted) if wanted else 0.0
    digest = hashlib.sha256(f"{query}\0{text}".encode()).digest()
    return 8 * share - 4 + int.from_bytes(digest[:4]) / 2**36


def _sigmoid(number: float) -> float:
    return 1 / (1 + math.exp(-number))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _query(content: dict[str, Any]) -> str:
    query = content.get("query")
    if not isinstance(query, str):
        tei.misfit("missing field `query`")
    return query


def _texts(content: dict[str, Any]) -> list[str]:
    texts = content.get("texts")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        tei.misfit("missing field `texts`")
    if not texts:
        tei.refuse("`texts` cannot be empty", "Empty")
    return texts
