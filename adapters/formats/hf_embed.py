"""Hugging Face embeddings: `{"inputs": [...]}` in, bare arrays of numbers out.

Source: https://huggingface.github.io/text-embeddings-inference/
"""

from __future__ import annotations

from typing import Any, Final

from adapters.base import Decoded, Format, Payload, Reply, Request
from adapters.container import parse_reply, unknown_shape, write_body
from adapters.errors import MalformedReply
from adapters.openai import embeddings, parameters, usage

_SUPPORTED: Final = frozenset({"encoding_format"})
_NOT_IN_BODY: Final = frozenset(
    {"aws_sagemaker_allow_zero_temp", "encoding_format", "input", "inputs", "model"}
)
_NUMBERS: Final = frozenset({float, int})


class HuggingFaceEmbedding:
    """One row of numbers for each input; the encoding is made here, the container knows none."""

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"inputs": [...]}`; keys that OpenAI does not know go beside it."""
        params = parameters.select(
            request.params, request.target, known=parameters.EMBEDDING, supported=_SUPPORTED
        )
        rest = {name: value for name, value in params.items() if name not in _NOT_IN_BODY}
        return (Payload(body=write_body({"inputs": embeddings.inputs(params), **rest})),)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read one row for each input."""
        del payloads
        wanted = embeddings.inputs(request.params)
        rows = _rows(parse_reply(replies[0]), len(wanted))
        if len(rows) != len(wanted):
            raise MalformedReply(
                f"The container answered {len(rows)} embeddings for {len(wanted)} inputs."
            )
        tokens, estimated = _count(wanted)
        counts = {"prompt_tokens": tokens, "total_tokens": tokens}
        if estimated:
            counts["estimated"] = True
        body = embeddings.embedding_list(request, rows, counts)
        return Decoded(body, "estimate" if estimated else "counted")


def _rows(value: Any, wanted: int) -> list[list[float]]:
    """Give the rows: a 2-D array, a 1-D one for a single input, or either under `embedding`."""
    named = isinstance(value, dict) and isinstance(value.get("embedding"), list)
    found: Any = value["embedding"] if named else value
    rows: Any = [found] if _is_row(found) and wanted == 1 else found
    if isinstance(rows, list) and rows and all(map(_is_row, rows)):
        return rows
    raise unknown_shape(value)


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and _NUMBERS.issuperset(map(type, value))


def _count(wanted: list[str] | list[list[int]]) -> tuple[int, bool]:
    """Count tokens: exact for token ids, an estimate for texts."""
    sizes = [usage.size(item) for item in wanted if isinstance(item, str)]
    if sizes:
        return sum(map(usage.estimate, sizes)), True
    return sum(map(len, wanted)), False


FORMAT = Format(name="hf_embed", embedding=HuggingFaceEmbedding())
