"""Text Embeddings Inference as a reranker: a query and texts in, a score for each text out.

Source: https://huggingface.github.io/text-embeddings-inference/#/Text%20Embeddings%20Inference/rerank
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request
from adapters.container import parse_reply, write_body
from adapters.formats.hf_embed import BATCH_SIZE
from adapters.openai import embeddings, parameters, rerank, scores
from adapters.value import value

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


@value(frozen=True, slots=True)
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
        found: dict[int, float] = {}
        parsed = [parse_reply(reply) for reply in replies]
        for part, reply in zip(self._parts(request), parsed, strict=True):
            first = len(found)
            for place, score in scores.read(reply, len(part)).items():
                found[first + place] = score
        return rerank.answer(request, found, scores.shape(parsed[0]))

    def _parts(self, request: Request) -> tuple[Sequence[str], ...]:
        return embeddings.parts(request, rerank.texts(request.params), self.batch_size)


def _settings(request: Request) -> Json:
    given = {name: value for name, value in request.params.items() if value is not None}
    params = parameters.select(given, request.target, known=rerank.PARAMETERS, supported=_SUPPORTED)
    rest = {name: value for name, value in params.items() if name not in _NOT_IN_BODY}
    return {"raw_scores": False, "return_text": False, "truncate": True, **rest}


FORMAT = Format(name="tei_rerank", rerank=TeiRerank())
