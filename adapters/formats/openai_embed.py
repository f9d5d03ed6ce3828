"""OpenAI embeddings in, OpenAI embeddings out, as vLLM, SGLang, TEI and LMI serve them.

Every parameter passes untouched. Knows that some containers answer arrays where base64 was asked
for, or the other way round.
Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

from adapters.base import Decoded, Format, Json, Payload, Reply, Request
from adapters.container import write_body
from adapters.openai import embeddings
from adapters.value import value

#: Keys that steer the gateway, or that this module writes itself, in their places.
_NOT_COPIED = frozenset({"aws_sagemaker_allow_zero_temp", "input", "model"})


@value(frozen=True, slots=True)
class OpenAIEmbedding:
    """Embeddings as the container's own OpenAI server takes them.

    Args:
        batch_size: Inputs that one call may carry; None is no limit, as with OpenAI's servers.
    """

    batch_size: int | None = None

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the request as the client asked, a single input as it was given."""
        target = request.target
        rest: Json = {} if target.body_model is None else {"model": target.body_model}
        rest.update(
            (name, value) for name, value in request.params.items() if name not in _NOT_COPIED
        )
        parts = embeddings.parts(request, embeddings.inputs(request.params), self.batch_size)
        if len(parts) == 1:
            return (Payload(body=write_body({"input": request.params["input"], **rest})),)
        return tuple(Payload(body=write_body({"input": part, **rest})) for part in parts)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the vectors in the order of their `index`, and the container's own count."""
        del payloads
        parts = embeddings.parts(request, embeddings.inputs(request.params), self.batch_size)
        return embeddings.answer(request, *embeddings.join(request, parts, replies))


FORMAT = Format(name="openai_embed", embedding=OpenAIEmbedding())
