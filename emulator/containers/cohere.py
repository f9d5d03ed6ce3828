"""A Cohere embeddings container: `texts` or `images` in, embeddings by type out.

Source: Cohere's embed reference; refusals as published by its users, where they are.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Answer, Complaint, ContainerRequest, document
from emulator.containers.text import count, tokens
from emulator.containers.vectors import bits, packed, vector, whole_numbers
from emulator.endpoints import EmbeddingsEndpoint

_BATCH_LIMIT = 96
_KINDS = ("search_document", "search_query", "classification", "clustering")
_SIDES = ("NONE", "START", "END")
_PACKINGS: dict[str, Callable[[Sequence[float]], Any]] = {
    "float": list,
    "base64": packed,
    "int8": lambda row: whole_numbers(row, signed=True),
    "uint8": lambda row: whole_numbers(row, signed=False),
    "binary": lambda row: bits(row, signed=True),
    "ubinary": lambda row: bits(row, signed=False),
}


class Cohere:
    """The container behind an `embeddings` endpoint of the vendor `cohere`."""

    def __init__(self, settings: EmbeddingsEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """One vector a text or image, in order, once for each type that is wanted."""
        content = _read(request.body)
        sources, billed = self._sources(content)
        wide = self._dimensions(content.get("output_dimension"))
        rows = [vector(source, wide) for source in sources]
        types = content.get("embedding_types")
        reply: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "embeddings": rows if types is None else _by_type(rows, types),
            "meta": {"api_version": {"version": "1"}, "billed_units": billed},
            "response_type": "embeddings_floats" if types is None else "embeddings_by_type",
        }
        return document({**reply, "texts": sources} if "texts" in content else reply)

    def _sources(self, content: Mapping[str, Any]) -> tuple[list[str], dict[str, int]]:
        """The texts, cut to the limit, or the images; and what they cost."""
        kind = content.get("input_type")
        if kind == "image":
            images = _strings(content, "images")
            return images, {"images": len(images)}
        if kind not in _KINDS:
            _refuse("valid input_type must be provided with the provided model")
        texts = _strings(content, "texts")
        limit = self._settings.batch_limit or _BATCH_LIMIT
        if len(texts) > limit:
            _refuse(f"total number of texts must be at most {limit} - received {len(texts)}")
        kept = [self._cut(text, content.get("truncate") or "END") for text in texts]
        return kept, {"input_tokens": sum(count(text) for text in kept)}

    def _cut(self, text: str, side: str) -> str:
        pieces, limit = tokens(text), self._settings.context_length
        if side not in _SIDES:
            _refuse(f"truncate must be one of {', '.join(_SIDES)}")
        if len(pieces) <= limit:
            return text
        if side == "NONE":
            _refuse(f"text is too long: {len(pieces)} tokens, at most {limit}")
        return "".join(pieces[-limit:] if side == "START" else pieces[:limit])

    def _dimensions(self, wanted: Any) -> int:
        most = self._settings.dimensions
        if wanted is None:
            return most
        if type(wanted) is not int or not 1 <= wanted <= most:
            _refuse(f"output_dimension must be an integer from 1 to {most}")
        return wanted


def _by_type(rows: Sequence[Sequence[float]], types: Any) -> dict[str, list[Any]]:
    if not isinstance(types, list) or not types or not all(map(_is_type, types)):
        _refuse(f"embedding_types must be a list of {', '.join(_PACKINGS)}")
    return {name: [_PACKINGS[name](row) for row in rows] for name in types}


def _is_type(name: Any) -> bool:
    return isinstance(name, str) and name in _PACKINGS


def _strings(content: Mapping[str, Any], name: str) -> list[str]:
    given = content.get(name)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        _refuse(f"{name} must be a list of strings")
    if not given:
        _refuse(f"{name} must not be empty")
    return given


def _read(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        _refuse(f"invalid json syntax: {cause}")
    if not isinstance(content, dict):
        _refuse("the body must be an object")
    return content


def _refuse(text: str) -> NoReturn:
    raise Complaint(400, {"message": f"invalid request: {text}"})
