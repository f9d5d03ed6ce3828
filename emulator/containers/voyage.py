"""A Voyage embeddings container: OpenAI's keys, and its own for everything else.

Source: Voyage's embeddings reference; refusals as published by its users, where they are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Answer, Complaint, ContainerRequest, document
from emulator.containers.text import count, tokens
from emulator.containers.vectors import bits, packed, vector, whole_numbers
from emulator.endpoints import EmbeddingsEndpoint

_BATCH_LIMIT = 1000
_KNOWN = {
    "input",
    "model",
    "input_type",
    "truncation",
    "output_dimension",
    "output_dtype",
    "encoding_format",
}
_NUMBERS: dict[str, Callable[[Sequence[float]], list[Any]]] = {
    "float": list,
    "int8": lambda row: whole_numbers(row, signed=True),
    "uint8": lambda row: whole_numbers(row, signed=False),
    "binary": lambda row: bits(row, signed=True),
    "ubinary": lambda row: bits(row, signed=False),
}


class Voyage:
    """The container behind an `embeddings` endpoint of the vendor `voyage`."""

    def __init__(self, settings: EmbeddingsEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """One vector an input, in order."""
        content = _read(request.body)
        _check(content)
        texts = self._texts(content)
        wide = self._dimensions(content.get("output_dimension"))
        dtype = content.get("output_dtype") or "float"
        embeddings = [self._embedding(text, wide, dtype, content) for text in texts]
        return document(
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "index": index, "embedding": each}
                    for index, each in enumerate(embeddings)
                ],
                "model": content.get("model") or "emulated",
                "usage": {"total_tokens": sum(count(text) for text in texts)},
            }
        )

    def _embedding(self, text: str, wide: int, dtype: str, content: Mapping[str, Any]) -> Any:
        row = vector(text, wide)
        if content.get("encoding_format") == "base64":
            return packed(row)
        return _NUMBERS[dtype](row)

    def _texts(self, content: Mapping[str, Any]) -> list[str]:
        given = content.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            _refuse("Argument 'input' must be a string or a list of strings")
        limit = self._settings.batch_limit or _BATCH_LIMIT
        if not texts or "" in texts:
            _refuse("Input cannot contain empty strings or empty lists")
        if len(texts) > limit:
            _refuse(f"The batch size limit is {limit}. Your batch size is {len(texts)}")
        return [self._cut(text, content.get("truncation", True)) for text in texts]

    def _cut(self, text: str, truncation: Any) -> str:
        pieces, limit = tokens(text), self._settings.context_length
        if len(pieces) > limit and not truncation:
            _refuse(f"An input has {len(pieces)} tokens, more than the limit of {limit}")
        return "".join(pieces[:limit])

    def _dimensions(self, wanted: Any) -> int:
        most = self._settings.dimensions
        if wanted is None:
            return most
        if type(wanted) is not int or not 1 <= wanted <= most:
            _refuse(f"Argument 'output_dimension' must be an integer from 1 to {most}")
        return wanted


def _check(content: Mapping[str, Any]) -> None:
    for name in content:
        if name not in _KNOWN:
            _refuse(f"Argument '{name}' is not supported by our API")
    for name, values in _CHOICES.items():
        if content.get(name) not in values:
            _refuse(f"Argument '{name}' must be one of {values}")


#: Keys with few values; Voyage's `encoding_format` has no `float`.
_CHOICES: dict[str, tuple[str | None, ...]] = {
    "encoding_format": (None, "base64"),
    "input_type": (None, "query", "document"),
    "output_dtype": (None, *_NUMBERS),
}


def _read(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        _refuse(str(cause))
    if not isinstance(content, dict):
        _refuse("the body must be an object")
    return content


def _refuse(text: str) -> NoReturn:
    detail = (
        "The request body is not valid JSON, or some arguments were not specified properly. "
        f"In particular, {text}"
    )
    raise Complaint(400, {"detail": detail})
