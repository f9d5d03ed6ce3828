"""A Hugging Face embeddings container (TEI): arrays in, arrays out.

The vectors are drawn from a hash of each text: equal texts have equal vectors, of length one.
"""

import hashlib
import math
from typing import Any

import orjson

from emulator.containers.base import Answer, Complaint, ContainerRequest, document
from emulator.settings import EmbeddingsEndpoint


class Embeddings:
    """The container behind an `embeddings` endpoint."""

    def __init__(self, settings: EmbeddingsEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """One row an input, in order."""
        inputs = _inputs(request.body)
        limit = self._settings.batch_limit
        if len(inputs) > limit:
            text = f"batch size {len(inputs)} > maximum allowed batch size {limit}"
            raise Complaint(413, {"error": text, "error_type": "Validation"})
        rows = [vector(each, self._settings.dimensions) for each in inputs]
        if self._settings.flat_single and len(rows) == 1:
            return document(rows[0])
        return document(rows)


def vector(source: Any, dimensions: int) -> list[float]:
    """The vector of a text, or of a list of token ids."""
    digest = hashlib.shake_256(orjson.dumps(source)).digest(2 * dimensions)
    numbers = [
        int.from_bytes(digest[place : place + 2]) / 32768 - 1 for place in range(0, len(digest), 2)
    ]
    length = math.hypot(*numbers) or 1.0
    return [number / length for number in numbers]


def _inputs(body: bytes) -> list[Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        text = f"Failed to parse the request body as JSON: {cause}"
        raise Complaint(400, {"error": text, "error_type": "Validation"}) from cause
    inputs = content.get("inputs") if isinstance(content, dict) else None
    if isinstance(inputs, str):
        inputs = [inputs]
    if not isinstance(inputs, list):
        text = "Failed to deserialize the JSON body into the target type: missing field `inputs`"
        raise Complaint(422, {"error": text, "error_type": "Validation"})
    if not inputs or "" in inputs:
        raise Complaint(400, {"error": "`inputs` cannot be empty", "error_type": "Empty"})
    return inputs
