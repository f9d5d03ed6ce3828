"""Completions: the request's schema, the answer's and the chunk's build, an answer cut into chunks.

Source: https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.base import Json, Request
from adapters.errors import InvalidRequest
from adapters.openai import streaming
from adapters.openai.fields import Stop, TokenLimit
from adapters.openai.logprobs import Token, for_completion
from adapters.openai.streaming import StreamOptions

#: Without limits one request could ask for unbounded work.
_MAX_PROMPTS: Final = 2048
_MAX_CHOICES: Final = 128
_MAX_LOGPROBS: Final = 20
#: Choices of one answer, over all its prompts.
_MAX_ANSWERS: Final = 2048

_OBJECT: Final = "text_completion"

#: Lists stop at their first fault: a fault for each of a million items would cost gigabytes.
_Tokens = Annotated[list[int], Field(fail_fast=True, min_length=1)]


class CompletionRequest(BaseModel):
    """A completion request; keys beyond these go to the container as they are."""

    model_config = ConfigDict(extra="allow", defer_build=True)  # until one is asked for

    model: str
    prompt: (
        str
        | Annotated[list[str], Field(fail_fast=True, min_length=1, max_length=_MAX_PROMPTS)]
        | _Tokens
        | Annotated[list[_Tokens], Field(fail_fast=True, min_length=1, max_length=_MAX_PROMPTS)]
    )
    #: Ours, not OpenAI's: let temperature 0 through to a text container.
    aws_sagemaker_allow_zero_temp: bool | None = None
    best_of: Annotated[int, Field(ge=1, le=_MAX_CHOICES)] | None = None
    echo: bool | None = None
    frequency_penalty: float | None = None
    logprobs: Annotated[int, Field(ge=0, le=_MAX_LOGPROBS)] | None = None
    #: Chat's name for the limit, which clients send here as well.
    max_completion_tokens: TokenLimit | None = None
    max_tokens: TokenLimit | None = None
    n: Annotated[int, Field(ge=1, le=_MAX_CHOICES)] | None = None
    presence_penalty: float | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: Stop | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    user: str | None = None


def prompts(params: Json) -> list[str] | list[list[int]]:
    """Give a request's prompts as a list: each gets its own choices.

    Raises:
        InvalidRequest: they ask for too many choices together.
    """
    given = params["prompt"]
    if isinstance(given, str) or isinstance(given[0], int):
        given = [given]
    if len(given) * (params.get("n") or 1) > _MAX_ANSWERS:
        raise InvalidRequest(
            f"The prompts ask for more than {_MAX_ANSWERS} choices together.",
            param="n",
            code="invalid_value",
        )
    return list(given)


def texts(request: Request) -> list[str]:
    """Give the prompts of a request to a container that can't take token ids.

    Raises:
        InvalidRequest: a prompt is an array of token ids.
    """
    given = prompts(request.params)
    found = [prompt for prompt in given if isinstance(prompt, str)]
    if len(found) != len(given):
        raise InvalidRequest(
            f"The model '{request.target.model}' takes texts, not arrays of token ids.",
            param="prompt",
            code="invalid_type",
        )
    return found


def echoes(params: Json) -> bool:
    """Tell whether the prompt is to stand before the text."""
    return bool(params.get("echo"))


def answer(request: Request, choices: list[Json], usage: Json) -> Json:
    """Build a completion."""
    return {
        "id": request.id,
        "object": _OBJECT,
        "created": request.created,
        "model": request.target.model,
        "choices": choices,
        "usage": usage,
    }


def text_choice(index: int, text: str, finish_reason: str, tokens: Sequence[Token] = ()) -> Json:
    """Build one choice of a completion."""
    return {
        "text": text,
        "index": index,
        "logprobs": for_completion(tokens) if tokens else None,
        "finish_reason": finish_reason,
    }


def opening_chunks(request: Request, index: int) -> tuple[Json, ...]:
    """A completion begins with its text."""
    del request, index
    return ()


def text_chunk(
    request: Request, index: int, text: str, tokens: Sequence[Token] = (), offset: int = 0
) -> Json:
    """Build a chunk of a choice's text."""
    return streaming.chunk(request, _OBJECT, _piece(index, text, tokens=tokens, offset=offset))


def last_chunk(request: Request, index: int, finish_reason: str) -> Json:
    """Build the chunk that ends a choice."""
    return streaming.chunk(request, _OBJECT, _piece(index, "", finish_reason))


def usage_chunk(request: Request, usage: Json) -> Json:
    """Build the chunk that follows the last choice's when the client asked for usage."""
    return streaming.usage_chunk(request, _OBJECT, usage)


def cut(answer: Json, *, include_usage: bool) -> Iterator[Json]:
    """Cut a whole completion into the chunks of a stream, at word boundaries.

    The pieces' texts, joined, are the answer's; the log probabilities come with the last of them.
    """
    head = {name: value for name, value in answer.items() if name not in {"choices", "usage"}}
    if include_usage:
        head["usage"] = None
    for choice in answer["choices"]:
        for words in streaming.cut_words(choice["text"]):
            yield {**head, "choices": [_piece(choice["index"], words)]}
        yield {**head, "choices": [{**choice, "text": ""}]}
    if include_usage and answer.get("usage"):
        yield {**head, "choices": [], "usage": answer["usage"]}


def _piece(
    index: int,
    text: str,
    finish_reason: str | None = None,
    *,
    tokens: Sequence[Token] = (),
    offset: int = 0,
) -> Json:
    return {
        "text": text,
        "index": index,
        "logprobs": for_completion(tokens, offset) if tokens else None,
        "finish_reason": finish_reason,
    }
