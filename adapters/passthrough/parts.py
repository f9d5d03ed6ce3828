"""The answers of a request's prompts, each of which took a call, as one."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.base import Decoded, Request
from adapters.openai.usage import total, worst


def join(request: Request, parts: Sequence[Decoded]) -> Decoded:
    """Give the completions of several prompts as one; what else the first says is kept.

    Args:
        request: What was asked.
        parts: The prompts' answers, in their order, each with the indexes of its choices.
    """
    if len(parts) == 1:
        return parts[0]
    body = {
        **parts[0].body,
        "id": request.id,
        "created": request.created,
        "choices": [choice for part in parts for choice in part.body["choices"]],
        "usage": total(part.body["usage"] for part in parts),
    }
    return Decoded(body, worst(part.usage_source for part in parts))
