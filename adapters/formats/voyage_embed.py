"""Voyage's embeddings: OpenAI's shape, with `output_dimension` and only one spelling of encoding.

Source: https://docs.voyageai.com/reference/embeddings-api
"""

from __future__ import annotations

from typing import Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request, Target
from adapters.container import write_body
from adapters.openai import embeddings
from adapters.value import value

#: The longest list of one call.
BATCH_SIZE: Final = 1000

_SUPPORTED: Final = frozenset({"dimensions", "encoding_format"})


@value(frozen=True, slots=True)
class VoyageEmbedding:
    """One vector for each text.

    Args:
        batch_size: Texts that one call may carry; more take several calls. None is no limit.
    """

    batch_size: int | None = BATCH_SIZE

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"input": [...], "model": ...}` and Voyage's names for OpenAI's parameters."""
        texts = embeddings.texts(request)
        rest = _model(request.target) | _settings(request)
        return tuple(
            Payload(body=write_body({"input": part, **rest}))
            for part in embeddings.parts(request, texts, self.batch_size)
        )

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the vectors; `total_tokens` counts the prompt, there is nothing else."""
        del payloads
        parts = embeddings.parts(request, embeddings.texts(request), self.batch_size)
        return embeddings.answer(request, *embeddings.join(request, parts, replies))


def _model(target: Target) -> Json:
    """Give the body's `model`: the endpoint's name where the configuration names no other."""
    return {} if target.body_model is None else {"model": target.body_model or target.endpoint}


def _settings(request: Request) -> Json:
    """Give the settings; base64 of anything but floats would be no OpenAI base64."""
    rest = embeddings.settings(request, _SUPPORTED)
    packed = rest.pop("encoding_format", None) == "base64"
    if packed and rest.get("output_dtype", "float") == "float":
        rest["encoding_format"] = "base64"
    if "dimensions" in rest:
        rest["output_dimension"] = rest.pop("dimensions")
    return rest


FORMAT = Format(name="voyage_embed", embedding=VoyageEmbedding())
