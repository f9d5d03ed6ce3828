"""Embeddings: the request's schema, and the answer's build from the replies of one or more calls.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from adapters.base import Decoded, Json, Reply, Request, UsageSource
from adapters.container import parse_reply
from adapters.errors import InvalidRequest, MalformedReply
from adapters.openai import parameters, usage, vectors
from adapters.openai.vectors import Vector

#: OpenAI's own limit; without one, one request could ask for unbounded work.
_MAX_INPUTS = 2048

#: Keys that steer the gateway, or that each dialect writes itself.
_NO_SETTINGS: Final = frozenset({"aws_sagemaker_allow_zero_temp", "input", "model"})

#: Lists stop at their first fault: a fault for each of a million items would cost gigabytes.
_Text = Annotated[str, Field(min_length=1)]
_Tokens = Annotated[list[int], Field(fail_fast=True, min_length=1)]

Item = TypeVar("Item")


class EmbeddingRequest(BaseModel):
    """An embedding request; keys beyond these go to the container as they are."""

    model_config = ConfigDict(extra="allow", defer_build=True)  # until one is asked for

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


def parts(request: Request, items: Sequence[Item], size: int | None) -> tuple[Sequence[Item], ...]:
    """Cut inputs into the calls that a container's limit asks for.

    Args:
        request: The request; its target's `batch_size` is the limit, where it has one.
        items: The inputs.
        size: The dialect's own limit; None is no limit.
    """
    size = request.target.batch_size or size
    if size is None:
        return (items,)
    return tuple(items[start : start + size] for start in range(0, len(items), size))


def reported_tokens(reply: Any) -> int | None:
    """Give the tokens that a parsed reply counts in OpenAI's `usage`, or None."""
    record = reply.get("usage") if isinstance(reply, dict) else None
    if not isinstance(record, dict):
        return None
    counts = (record.get("prompt_tokens"), record.get("total_tokens"))
    return next((count for count in counts if type(count) is int and count >= 0), None)


def inputs(params: Json) -> list[str] | list[list[int]]:
    """Give a request's inputs as a list, one element for each embedding wanted."""
    given = params["input"]
    if isinstance(given, str) or (given and isinstance(given[0], int)):
        return [given]
    return list(given)


def texts(request: Request) -> list[str]:
    """Give a request's inputs where the container takes texts only.

    Raises:
        InvalidRequest: they are token ids.
    """
    given = inputs(request.params)
    found = [item for item in given if isinstance(item, str)]
    if len(found) != len(given):
        raise InvalidRequest(
            f"The model '{request.target.model}' takes texts, not arrays of token ids.",
            param="input",
            code="invalid_type",
        )
    return found


def settings(request: Request, supported: frozenset[str]) -> Json:
    """Give what goes into a body beside the inputs; a parameter that is null was not given.

    Args:
        request: The request.
        supported: The parameters of `parameters.EMBEDDING` that the dialect can express.

    Raises:
        UnsupportedParameter: names what the dialect lacks.
    """
    given = {
        name: value
        for name, value in request.params.items()
        if value is not None and name not in _NO_SETTINGS
    }
    return parameters.select(given, request.target, known=parameters.EMBEDDING, supported=supported)


def join(
    request: Request,
    parts: Sequence[Sequence[Any]],
    replies: tuple[Reply, ...],
    *,
    find: Callable[[Any], Any] = lambda reply: reply,
    count: Callable[[Any], int | None] = reported_tokens,
) -> tuple[list[Vector], int | None, str]:
    """Read the replies of a split request, in order, as if it had been one.

    Args:
        request: The request; its target says how token vectors are pooled.
        parts: The inputs of each call.
        replies: The answers to them.
        find: Gives the part of a parsed reply that holds the vectors.
        count: Gives the tokens that a parsed reply reports, or None.

    Returns:
        One vector for each input, the tokens of all, or None where a reply reports none, and the
        shape of the first reply's part.

    Raises:
        MalformedReply: a reply has an unknown shape, or the vectors do not fit the inputs.
    """
    rows: list[Vector] = []
    counts: list[int | None] = []
    shape: str | None = None
    for part, reply in zip(parts, replies, strict=True):
        parsed = parse_reply(reply)
        found = find(parsed)
        rows += vectors.read(found, len(part), request.target.embedding_pooling)
        counts.append(count(parsed))
        shape = shape or vectors.shape(found)
    if len({len(row) for row in rows}) > 1:
        raise MalformedReply("The container answered embeddings of different lengths.")
    known = [number for number in counts if number is not None]
    return rows, sum(known) if len(known) == len(counts) else None, shape or ""


def answer(request: Request, rows: list[Vector], tokens: int | None, shape: str) -> Decoded:
    """Build the answer: rows as arrays or base64, as the client asked.

    Args:
        request: The request.
        rows: One vector for each input.
        tokens: What the container counted; None counts token ids here, and estimates texts.
        shape: The name of the reply's shape.
    """
    counts, source = _usage(inputs(request.params), tokens)
    encoded: list[Vector] | list[str] = rows
    if request.params.get("encoding_format") == "base64":
        encoded = [vectors.pack(row) for row in rows]
    body = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": row}
            for index, row in enumerate(encoded)
        ],
        "model": request.target.model,
        "usage": counts,
    }
    return Decoded(body, source, shape)


def _usage(wanted: list[str] | list[list[int]], tokens: int | None) -> tuple[Json, UsageSource]:
    if tokens is not None:
        return _counts(tokens), "container"
    sizes = [usage.size(item) for item in wanted if isinstance(item, str)]
    if sizes:
        return {**_counts(sum(map(usage.estimate, sizes))), "estimated": True}, "estimate"
    return _counts(sum(map(len, wanted))), "counted"


def _counts(tokens: int) -> Json:
    return {"prompt_tokens": tokens, "total_tokens": tokens}
