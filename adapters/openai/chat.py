"""Chat: the request's schema, the answer's and the chunk's build, and an answer cut into chunks.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from adapters.base import Json, Request
from adapters.openai import streaming
from adapters.openai.fields import Stop, TokenLimit
from adapters.openai.logprobs import Token, for_chat
from adapters.openai.streaming import StreamOptions

#: OpenAI's own limits; without them one request could ask for unbounded work.
_MAX_CHOICES = 128
_MAX_TOP_LOGPROBS = 20

#: Lists stop at their first fault: a fault for each of a million items would cost gigabytes.
_Objects = Annotated[list[dict[str, Any]], Field(fail_fast=True)]
_CHUNK: Final = "chat.completion.chunk"


class Message(TypedDict):
    """One message of a conversation; keys beyond these are kept."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # pydantic reads it here

    role: str
    content: NotRequired[str | _Objects | None]


class ChatRequest(BaseModel):
    """A chat completion request; keys beyond these go to the container as they are."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: Annotated[list[Message], Field(fail_fast=True, min_length=1)]
    #: Ours, not OpenAI's: let temperature 0 through to a text container.
    aws_sagemaker_allow_zero_temp: bool | None = None
    #: vLLM's and SGLang's, not OpenAI's: variables of the model's chat template.
    chat_template_kwargs: dict[str, Any] | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = None
    max_completion_tokens: TokenLimit | None = None
    max_tokens: TokenLimit | None = None
    n: Annotated[int, Field(ge=1, le=_MAX_CHOICES)] | None = None
    presence_penalty: float | None = None
    response_format: dict[str, Any] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Stop | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    tool_choice: str | dict[str, Any] | None = None
    tools: _Objects | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=_MAX_TOP_LOGPROBS)] | None = None
    top_p: float | None = None
    user: str | None = None


def echoes(params: Json) -> bool:
    """Chat knows no echo."""
    del params
    return False


def answer(request: Request, choices: list[Json], usage: Json) -> Json:
    """Build a chat completion."""
    return {
        "id": request.id,
        "object": "chat.completion",
        "created": request.created,
        "model": request.target.model,
        "choices": choices,
        "usage": usage,
    }


def text_choice(index: int, text: str, finish_reason: str, tokens: Sequence[Token] = ()) -> Json:
    """Build one choice of a chat completion that is only text."""
    return {
        "index": index,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": for_chat(tokens) if tokens else None,
        "finish_reason": finish_reason,
    }


def opening_chunks(request: Request, index: int) -> tuple[Json, ...]:
    """Build the chunk that says the role."""
    return (_chunk(request, index, {"role": "assistant", "content": ""}),)


def text_chunk(
    request: Request, index: int, text: str, tokens: Sequence[Token] = (), offset: int = 0
) -> Json:
    """Build a chunk of a choice's text."""
    del offset  # only completions tell it
    built = _chunk(request, index, {"content": text})
    if tokens:
        built["choices"][0]["logprobs"] = for_chat(tokens)
    return built


def last_chunk(request: Request, index: int, finish_reason: str) -> Json:
    """Build the chunk that ends a choice."""
    return _chunk(request, index, {}, finish_reason)


def usage_chunk(request: Request, usage: Json) -> Json:
    """Build the chunk that follows the last choice's when the client asked for usage."""
    return streaming.usage_chunk(request, _CHUNK, usage)


def cut(answer: Json, *, include_usage: bool) -> Iterator[Json]:
    """Cut a whole chat completion into the chunks of a stream, at word boundaries.

    Not a byte is lost: the deltas' contents, joined, are the answer's text; fields that OpenAI
    does not know stay where they were.
    """
    head = {name: value for name, value in answer.items() if name not in {"choices", "usage"}}
    head["object"] = _CHUNK
    if include_usage:
        head["usage"] = None
    for choice in answer["choices"]:
        index = choice["index"]
        for delta in _deltas(choice["message"]):
            yield {**head, "choices": [{"index": index, "delta": delta, "finish_reason": None}]}
        rest = {name: value for name, value in choice.items() if name != "message"}
        yield {**head, "choices": [{"index": index, "delta": {}, "finish_reason": None, **rest}]}
    if include_usage and answer.get("usage"):
        yield {**head, "choices": [], "usage": answer["usage"]}


def _chunk(request: Request, index: int, delta: Json, finish_reason: str | None = None) -> Json:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
    return streaming.chunk(request, _CHUNK, choice)


def _deltas(message: Json) -> Iterator[Json]:
    """Give the role, the texts word by word, and then whatever else the message holds."""
    texts = ("reasoning_content", "content")
    yield {"role": message.get("role") or "assistant", "content": ""}
    rest = {
        name: value for name, value in message.items() if name != "role" and value not in (None, [])
    }
    for name in texts:
        if isinstance(rest.get(name), str):
            for words in streaming.cut_words(rest.pop(name)):
                yield {name: words}
    if rest.get("tool_calls"):
        rest["tool_calls"] = [
            {"index": index, **call} for index, call in enumerate(rest["tool_calls"])
        ]
    if rest:
        yield rest
