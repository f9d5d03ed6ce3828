"""Which schema a request is checked against: its task's, unless the model's format is verbatim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict

from adapters.base import Format, Task
from adapters.openai.chat import ChatRequest
from adapters.openai.completions import CompletionRequest
from adapters.openai.embeddings import EmbeddingRequest
from adapters.openai.rerank import RerankRequest

Schemas = Mapping[Task, type[BaseModel]]


class AddressedRequest(BaseModel):
    """What every request says, whatever it is about; everything else is not looked at."""

    model_config = ConfigDict(extra="allow")

    model: str


class VerbatimRequest(AddressedRequest):
    """A text request in the container's own words: what the gateway itself reads is checked."""

    stream: bool | None = None


#: Each task's requests in OpenAI's words, or Cohere's.
SCHEMAS: Final[Schemas] = MappingProxyType(
    {
        "chat": ChatRequest,
        "completion": CompletionRequest,
        "embedding": EmbeddingRequest,
        "rerank": RerankRequest,
    }
)
#: Vectors and scores are counted against what the request holds: those must be there.
_VERBATIM: Final[Schemas] = MappingProxyType(
    {**SCHEMAS, "chat": VerbatimRequest, "completion": VerbatimRequest}
)


def schemas_of(formats: Iterable[Format]) -> Schemas:
    """Give the schemas of what any of these formats may be asked."""
    return _VERBATIM if all(each.verbatim for each in formats) else SCHEMAS
