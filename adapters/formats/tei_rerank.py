"""Text Embeddings Inference as a reranker: a query and texts in, a score for each text out.

Source: https://huggingface.github.io/text-embeddings-inference/#/Text%20Embeddings%20Inference/rerank
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request
from adapters.container import parse_reply, unknown_shape, write_body
from adapters.errors import MalformedReply
from adapters.formats.hf_embed import BATCH_SIZE
from adapters.openai import embeddings, parameters, rerank

_SUPPORTED: Final = frozenset({"return_documents", "top_n"})
#: Keys that steer the gateway, that it fulfils itself, or that this module writes.
_NOT_IN_BODY: Final = frozenset(
    {
        "aws_sagemaker_allow_zero_temp",
        "documents",
        "model",
        "query",
        "return_documents",
        "return_text",
        "texts",
        "top_n",
    }
)


@dataclass(frozen=True, slots=True)
class TeiRerank:
    """Scores a query's documents; sorting, cutting and the documents themselves are added here.

    Args:
        batch_size: Texts that one call may carry; more take several calls, since a score depends
            on its own text only. None is no limit.
    """

    batch_size: int | None = BATCH_SIZE

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the query and the texts; the client's `raw_scores` and `truncate` win."""
        query, rest = request.params["query"], _settings(request)
        return tuple(
            Payload(body=write_body({"query": query, "texts": part, **rest}))
            for part in self._parts(request)
        )

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read one score for each text of each call."""
        del payloads
        scores: list[float] = []
        for part, reply in zip(self._parts(request), replies, strict=True):
            scores += _scores(parse_reply(reply), len(part))
        return rerank.answer(request, scores)

    def _parts(self, request: Request) -> tuple[Sequence[str], ...]:
        return embeddings.parts(rerank.texts(request.params), self.batch_size)


def _settings(request: Request) -> Json:
    given = {name: value for name, value in request.params.items() if value is not None}
    params = parameters.select(given, request.target, known=rerank.PARAMETERS, supported=_SUPPORTED)
    rest = {name: value for name, value in params.items() if name not in _NOT_IN_BODY}
    return {"raw_scores": False, "return_text": False, "truncate": True, **rest}


def _scores(reply: Any, wanted: int) -> list[float]:
    """Give the scores in the order of the texts."""
    if not isinstance(reply, list) or not reply or not all(map(_is_score, reply)):
        raise unknown_shape(reply)
    by_index = {item["index"]: item["score"] for item in reply}
    if len(reply) != wanted or by_index.keys() != set(range(wanted)):
        raise MalformedReply(
            f"The container answered {len(reply)} scores for {wanted} documents, or not one for "
            "each of them."
        )
    return [by_index[index] for index in range(wanted)]


def _is_score(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and type(item.get("index")) is int
        and type(item.get("score")) in (float, int)
    )


FORMAT = Format(name="tei_rerank", rerank=TeiRerank())
