"""Reranking: the request's schema, and the answer's build from scores, in Cohere's shape.

OpenAI has no such resource; clients speak Cohere's.
Source: https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.base import Decoded, Json, Request
from adapters.openai import usage

#: Cohere's advice; without a limit, one request could ask for unbounded work.
_MAX_DOCUMENTS = 1000

#: Cohere's parameters. Any other key of a request is the container's own.
PARAMETERS: Final = frozenset(
    {"max_chunks_per_doc", "max_tokens_per_doc", "rank_fields", "return_documents", "top_n"}
)


class Document(BaseModel):
    """A document as an object; keys beside its text come back with it and are not ranked."""

    model_config = ConfigDict(extra="allow")

    text: str


class RerankRequest(BaseModel):
    """A rerank request; keys beyond these go to the container as they are."""

    model_config = ConfigDict(extra="allow", defer_build=True)  # until one is asked for

    model: str
    query: Annotated[str, Field(min_length=1)]
    documents: Annotated[
        list[str | Document], Field(fail_fast=True, min_length=1, max_length=_MAX_DOCUMENTS)
    ]
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: bool | None = None


def texts(params: Json) -> list[str]:
    """Give the documents' texts, in the client's order."""
    return [item if isinstance(item, str) else item["text"] for item in params["documents"]]


def answer(request: Request, scores: Mapping[int, float], shape: str) -> Decoded:
    """Build the answer: the best documents first, equals in the client's order.

    Containers count no tokens: the query is read with each document, so both are estimated.

    Args:
        request: The request; `top_n` cuts, `return_documents` adds the documents.
        scores: The documents' scores by their places; a document without one is left out.
        shape: The name of the reply's shape.
    """
    params = request.params
    best = sorted(sorted(scores), key=lambda index: -scores[index])[: params.get("top_n")]
    results: list[Json] = [{"index": index, "relevance_score": scores[index]} for index in best]
    if params.get("return_documents"):
        for result in results:
            document = params["documents"][result["index"]]
            result["document"] = {"text": document} if isinstance(document, str) else document
    tokens = {"input_tokens": _estimate(params), "output_tokens": 0, "estimated": True}
    body = {"id": request.id, "results": results, "meta": {"tokens": tokens}}
    return Decoded(body, "estimate", shape)


def _estimate(params: Json) -> int:
    query = usage.size(params["query"])
    return sum(usage.estimate(query + usage.size(text)) for text in texts(params))
