"""A Hugging Face embeddings container (TEI), or one that resembles it: arrays in, arrays out.

Knows TEI's options and refusals. The wrapping of the vectors is `embedding_shapes`'.
"""

from collections.abc import Mapping
from typing import Any

from emulator.containers import tei, toolkit
from emulator.containers.base import Answer, ContainerRequest, document
from emulator.containers.embedding_shapes import shaped
from emulator.containers.vectors import Source, are_ids, raw, vector
from emulator.endpoints import EmbeddingsEndpoint

_BATCH_LIMIT = 32


class Embeddings:
    """The container behind an `embeddings` endpoint."""

    def __init__(self, settings: EmbeddingsEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """One vector an input, in order."""
        settings = self._settings
        content = self._read(request.body)
        inputs = self._inputs(content)
        tei.check_batch(len(inputs), settings.batch_limit or _BATCH_LIMIT)
        truncate = tei.flag(content, "truncate", default=False)
        sources = [tei.fitting(each, settings.context_length, truncate=truncate) for each in inputs]
        rows = self._rows([_prompted(each, content) for each in sources], content)
        return document(shaped(settings.shape, rows, sources, flat=settings.flat_single))

    def _read(self, body: bytes) -> dict[str, Any]:
        key = self._settings.key
        return tei.read(body) if key == "inputs" else toolkit.read(body, key)

    def _inputs(self, content: Mapping[str, Any]) -> list[Source]:
        key = self._settings.key
        given = content.get(key)
        inputs: Any = [given] if isinstance(given, str) or are_ids(given) else given
        if not isinstance(inputs, list):
            tei.misfit(f"missing field `{key}`")
        if not all(isinstance(each, str) or are_ids(each) for each in inputs):
            tei.misfit("data did not match any variant of untagged enum Input")
        if not inputs or "" in inputs:
            tei.refuse(f"`{key}` cannot be empty", "Empty")
        sources: list[Source] = inputs
        return sources

    def _rows(self, sources: list[Source], content: Mapping[str, Any]) -> list[list[float]]:
        wide = self._dimensions(content.get("dimensions"))
        draw = vector if tei.flag(content, "normalize", default=True) else raw
        return [draw(each, wide) for each in sources]

    def _dimensions(self, wanted: Any) -> int:
        most = self._settings.dimensions
        if wanted is None:
            return most
        if type(wanted) is not int:
            tei.misfit("dimensions: invalid type, expected usize")
        if not 1 <= wanted <= most:
            tei.refuse(f"`dimensions` must be between 1 and {most}. Given: {wanted}")
        return wanted


def _prompted(source: Source, content: Mapping[str, Any]) -> Source:
    """A text behind the prompt that the request names."""
    name = content.get("prompt_name")
    return f"{name}: {source}" if name and isinstance(source, str) else source
