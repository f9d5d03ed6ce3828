"""Vectors, as containers write them: found in a reply, checked, pooled, cut, packed.

Knows every shape that embedding containers are known to answer; refuses to know whose it is, and
what a client asked for beside the number of rows.
Sources: https://huggingface.github.io/text-embeddings-inference/ and
https://platform.openai.com/docs/api-reference/embeddings/object
"""

from __future__ import annotations

import base64
import math
import struct
from typing import Any, Final, cast

from adapters.base import Json, Pooling
from adapters.container import unknown_shape
from adapters.errors import InvalidRequest, MalformedReply

Vector = list[float]

#: Where containers put the vectors when they answer an object; the first one there counts.
_NAMES: Final = (
    "data",
    "embeddings",
    "embedding",
    "vectors",
    "outputs",
    "sentence_embeddings",
)
_NUMBERS: Final = frozenset({float, int})
_FLOAT_BYTES: Final = 4
_ONE_ROW, _ROWS, _TOKENS, _LAYERED_TOKENS = 1, 2, 3, 4


def read(reply: Any, wanted: int, pooling: Pooling = "mean") -> list[Vector]:
    """Give one vector for each input, whatever the reply's shape.

    The nesting of the first number decides: 1 is the vector of the only input, 2 a vector for each
    input, 3 a vector for each token of each input, which are pooled; `transformers`' own pipeline
    nests those once more. All may stand under a name, or in objects with an
    `embedding`.

    Args:
        reply: The parsed reply.
        wanted: The number of inputs.
        pooling: What becomes of the vectors of an input's tokens.

    Raises:
        MalformedReply: an unknown shape, or another number of vectors.
    """
    try:
        rows = _rows(_unnamed(reply), pooling)
    except ValueError as error:
        raise unknown_shape(reply) from error
    if len(rows) != wanted:
        raise MalformedReply(f"The container answered {len(rows)} embeddings for {wanted} inputs.")
    return rows


def shape(reply: Any) -> str:
    """Give the name of a readable reply's shape: `[][]`, `embeddings[][]`, `data[].embedding`, ...

    `[][][]` are vectors of tokens; only an answer's first numbers are looked at.
    """
    name, value = "", reply
    if isinstance(value, dict):
        name = next(name for name in _NAMES if isinstance(value.get(name), list))
        value = value[name]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"{name}[].embedding"
    return name + "[]" * _depth(value)


def cut(row: Vector, size: int) -> Vector:
    """Give the first numbers of a vector, scaled to length 1 as OpenAI does for `dimensions`.

    Raises:
        InvalidRequest: the vector has fewer numbers.
    """
    if size > len(row):
        raise InvalidRequest(
            f"'dimensions' must be at most {len(row)} for this model.",
            param="dimensions",
            code="invalid_value",
        )
    kept = row[:size]
    length = math.hypot(*kept)
    return [number / length for number in kept] if length else kept


def pack(row: Vector) -> str:
    """Write a vector as OpenAI's base64: 32-bit floats, little-endian.

    Raises:
        MalformedReply: a number is beyond 32-bit floats.
    """
    try:
        return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()
    except OverflowError as error:
        raise MalformedReply("The container answered numbers beyond 32-bit floats.") from error


def unpack(text: str) -> Vector:
    """Read a vector in OpenAI's base64.

    Raises:
        ValueError: it is not base64, not 32-bit floats, or has a number that is none.
    """
    data = base64.b64decode(text, validate=True)
    if len(data) % _FLOAT_BYTES:
        raise ValueError("not whole 32-bit floats")
    row = list(struct.unpack(f"<{len(data) // _FLOAT_BYTES}f", data))
    if not all(map(math.isfinite, row)):
        raise ValueError("not a number")
    return row


def _unnamed(value: Any) -> Any:
    """Take the vectors out from under their name, and out of objects."""
    if isinstance(value, dict):
        value = next((value[name] for name in _NAMES if isinstance(value.get(name), list)), None)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_vector(item) for item in _in_order(value)]
    return value


def _in_order(items: list[Json]) -> list[Json]:
    """Put objects in the order of their `index`; without one they stand as they came."""
    by_index = {str(item.get("index", place)): item for place, item in enumerate(items)}
    places = [str(place) for place in range(len(items))]
    if by_index.keys() != set(places):
        raise ValueError("an index is missing, unknown or given twice")
    return [by_index[place] for place in places]


def _vector(item: Json) -> Any:
    found = item.get("embedding")
    return unpack(found) if isinstance(found, str) else found


def _rows(value: Any, pooling: Pooling) -> list[Vector]:
    rows: list[Vector] = value
    depth = _depth(value)
    if depth == _ONE_ROW:
        rows = [value]
    elif depth == _TOKENS:
        rows = [_pooled(tokens, pooling) for tokens in value]
    elif depth == _LAYERED_TOKENS:
        rows = [_pooled(_only(layer), pooling) for layer in value]
    elif depth != _ROWS:
        raise ValueError("no vectors")
    if not all(map(_is_vector, rows)):
        raise ValueError("something else among the vectors")
    return rows


def _depth(value: Any) -> int:
    """Count the arrays around the first number; 0 where there is none."""
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth if type(value) in _NUMBERS else 0


def _only(layer: Any) -> Any:
    if isinstance(layer, list) and len(layer) == 1:
        return layer[0]
    raise ValueError("several layers for one input")


def _pooled(tokens: Any, pooling: Pooling) -> Vector:
    """Make one vector of an input's tokens'; they must be of one length."""
    if not isinstance(tokens, list) or not tokens or not all(map(_is_vector, tokens)):
        raise ValueError("no token vectors")
    if len(set(map(len, tokens))) > 1:
        raise ValueError("token vectors of different lengths")
    if pooling == "first":
        return cast("Vector", tokens[0])
    return [math.fsum(column) / len(tokens) for column in zip(*tokens, strict=True)]


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and _NUMBERS.issuperset(map(type, value))
