"""What OpenAI says of its answers: the official client's types, strictly, and the required keys.

The client's types leave optional what the API reference requires; the keys below are those of the
reference (`required` in OpenAI's OpenAPI document). Keys that OpenAI does not know are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

Json = dict[str, Any]

_TYPES: Mapping[str, type[BaseModel]] = {
    "chat.completion": ChatCompletion,
    "chat.completion.chunk": ChatCompletionChunk,
    "text_completion": Completion,
    "list": CreateEmbeddingResponse,
}
_TOP: Mapping[str, set[str]] = {
    "chat.completion": {"id", "object", "created", "model", "choices"},
    "chat.completion.chunk": {"id", "object", "created", "model", "choices"},
    "text_completion": {"id", "object", "created", "model", "choices"},
    "list": {"object", "model", "data", "usage"},
}
_CHOICE: Mapping[str, set[str]] = {
    "chat.completion": {"finish_reason", "index", "message", "logprobs"},
    "chat.completion.chunk": {"delta", "finish_reason", "index"},
    "text_completion": {"finish_reason", "index", "logprobs", "text"},
}
_MESSAGE = {"role", "content", "refusal"}
_USAGE = {"prompt_tokens", "completion_tokens", "total_tokens"}


def assert_is_openais(body: Json) -> None:
    """Fail unless an answer, or a chunk, is what OpenAI's reference and client say."""
    kind = body["object"]
    shape = _adjusted(kind, body)
    _TYPES[kind].model_validate(shape, strict=True)
    assert _TOP[kind] <= body.keys(), body
    for choice in body.get("choices", ()):
        assert _CHOICE[kind] <= choice.keys(), choice
        if kind == "chat.completion":
            assert choice["message"].keys() >= _MESSAGE, choice
    counts = body.get("usage")
    if counts is not None and kind != "list":
        assert counts.keys() >= _USAGE, counts


def _adjusted(kind: str, body: Json) -> Json:
    """Give what the client's types lack: base64 vectors, and chunks of unfinished completions."""
    if kind == "list":
        items = [
            {**item, "embedding": [0.5]} if isinstance(item["embedding"], str) else item
            for item in body["data"]
        ]
        return {**body, "data": items}
    if kind == "text_completion":
        choices = [
            {**choice, "finish_reason": choice["finish_reason"] or "stop"}
            for choice in body["choices"]
        ]
        return {**body, "choices": choices}
    return body
