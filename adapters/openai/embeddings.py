"""Embeddings: the request's schema, and the answer's build from rows of numbers.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import base64
import sys
from array import array
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from adapters.base import Json, Request

#: OpenAI's own limit; without one, one request could ask for unbounded work.
_MAX_INPUTS = 2048

#: Lists stop at their first fault: a fault for each of a million items would cost gigabytes.
_Text = Annotated[str, Field(min_length=1)]
_Tokens = Annotated[list[int], Field(fail_fast=True, min_length=1)]


class EmbeddingRequest(BaseModel):
    """An embedding request; keys beyond these go to the container as they are."""

    model_config = ConfigDict(extra="allow")

    model: str
    input: (
        _Text
        | Annotated[list[_Text], Field(fail_fast=True, min_length=1, max_length=_MAX_INPUTS)]
        | _Tokens
        | Annotated[list[_Tokens], Field(fail_fast=True, min_length=1, max_length=_MAX_INPUTS)]
    )
    dimensions: Annotated[int, Field(ge=1)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


def inputs(params: Json) -> list[str] | list[list[int]]:
    """Give a request's inputs as a list, one element for each embedding wanted."""
    given = params["input"]
    if isinstance(given, str) or (given and isinstance(given[0], int)):
        return [given]
    return list(given)


def embedding_list(request: Request, rows: list[list[float]], usage: Json) -> Json:
    """Build the answer: rows as arrays, or as base64 of little-endian 32-bit floats."""
    encoded: list[list[float]] | list[str] = rows
    if request.params.get("encoding_format") == "base64":
        encoded = [pack(row) for row in rows]
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": row}
            for index, row in enumerate(encoded)
        ],
        "model": request.target.model,
        "usage": usage,
    }


def pack(row: list[float]) -> str:
    """Write a row as OpenAI's base64: 32-bit floats, little-endian."""
    numbers = array("f", row)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
