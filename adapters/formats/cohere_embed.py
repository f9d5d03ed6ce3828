"""Cohere's embeddings: `{"texts": [...]}` or `{"images": [...]}` in, vectors by type out.

Source: https://docs.cohere.com/reference/embed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request
from adapters.container import write_body
from adapters.errors import InvalidRequest
from adapters.openai import embeddings
from adapters.value import value

#: Texts of one call; it takes a single image.
BATCH_SIZE: Final = 96

_IMAGE: Final = "data:image/"
_SUPPORTED: Final = frozenset({"dimensions", "encoding_format"})
_WRITTEN_HERE: Final = frozenset({"dimensions", "encoding_format", "images", "texts"})


@value(frozen=True, slots=True)
class CohereEmbedding:
    """One vector for each text, or each image given as a data URL.

    Args:
        batch_size: Texts that one call may carry; more take several calls. None is no limit.
    """

    batch_size: int | None = BATCH_SIZE

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the inputs, what they are for, and the one type of vector that OpenAI has."""
        given = embeddings.texts(request)
        name = "images" if _are_images(given) else "texts"
        rest = _settings(request, "image" if name == "images" else "search_document")
        return tuple(
            Payload(body=write_body({name: part, **rest})) for part in self._parts(request, given)
        )

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the vectors, bare or by type, and the tokens that are billed."""
        del payloads
        parts = self._parts(request, embeddings.texts(request))
        rows, tokens, shape = embeddings.join(
            request, parts, replies, find=_vectors, count=_billed_tokens
        )
        return embeddings.answer(request, rows, tokens, shape)

    def _parts(self, request: Request, given: list[str]) -> tuple[Sequence[str], ...]:
        if _are_images(given):
            return tuple([image] for image in given)
        return embeddings.parts(request, given, self.batch_size)


def _are_images(given: list[str]) -> bool:
    images = sum(item.startswith(_IMAGE) for item in given)
    if images not in (0, len(given)):
        raise InvalidRequest(
            "Texts and images can't be embedded in one request.",
            param="input",
            code="invalid_value",
        )
    return images > 0


def _settings(request: Request, input_type: str) -> Json:
    given = embeddings.settings(request, _SUPPORTED)
    rest = {name: value for name, value in given.items() if name not in _WRITTEN_HERE}
    if "dimensions" in given:
        rest["output_dimension"] = given["dimensions"]
    return {"input_type": input_type, "embedding_types": ["float"], **rest}


def _vectors(reply: Any) -> Any:
    """Take the vectors out of an object by type: floats, or the one type that was configured."""
    by_type = reply.get("embeddings") if isinstance(reply, dict) else None
    if not isinstance(by_type, dict) or not by_type:
        return reply
    return by_type.get("float") or next(iter(by_type.values()))


def _billed_tokens(reply: Any) -> int | None:
    """Give the tokens billed; images are billed by the piece and have none."""
    meta = reply.get("meta") if isinstance(reply, dict) else None
    billed = meta.get("billed_units") if isinstance(meta, dict) else None
    if not isinstance(billed, dict):
        return None
    tokens: Any = billed.get("input_tokens", 0 if "images" in billed else None)
    return int(tokens) if type(tokens) in (int, float) and tokens >= 0 else None


FORMAT = Format(name="cohere_embed", embedding=CohereEmbedding())
