"""Hugging Face embeddings: `{"inputs": [...]}` in, arrays of numbers out, in many shapes.

Some containers want the inputs under another name: the target's `embedding_key`.

Source: https://huggingface.github.io/text-embeddings-inference/
"""

from __future__ import annotations

from typing import Final

from adapters.base import Decoded, Format, Payload, Reply, Request
from adapters.container import write_body
from adapters.openai import embeddings, vectors
from adapters.value import value

#: What TEI takes in one call unless it is started with another `--max-client-batch-size`.
BATCH_SIZE: Final = 32

_SUPPORTED: Final = frozenset({"encoding_format"})


@value(frozen=True, slots=True)
class HuggingFaceEmbedding:
    """One vector for each input; the encoding is made here, the container knows none.

    Args:
        batch_size: Inputs that one call may carry; more take several calls. None is no limit.
        cuts: Whether `dimensions`, once the configuration allows it, is made here by cutting the
            vectors; else it is forwarded.
    """

    batch_size: int | None = BATCH_SIZE
    cuts: bool = True

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"inputs": [...]}`; keys that OpenAI does not know go beside it."""
        key = request.target.embedding_key
        made_here = {"encoding_format", "inputs", key} | ({"dimensions"} if self.cuts else set())
        rest = {
            name: value
            for name, value in embeddings.settings(request, _SUPPORTED).items()
            if name not in made_here
        }
        return tuple(
            Payload(body=write_body({key: part, **rest}))
            for part in embeddings.parts(
                request, embeddings.inputs(request.params), self.batch_size
            )
        )

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read one vector for each input."""
        del payloads
        parts = embeddings.parts(request, embeddings.inputs(request.params), self.batch_size)
        rows, tokens, shape = embeddings.join(request, parts, replies)
        size = embeddings.settings(request, _SUPPORTED).get("dimensions") if self.cuts else None
        if size is not None:
            rows = [vectors.cut(row, size) for row in rows]
        return embeddings.answer(request, rows, tokens, shape)


FORMAT = Format(name="hf_embed", embedding=HuggingFaceEmbedding())
