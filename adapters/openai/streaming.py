"""What OpenAI's two streaming resources, chat and completions, have in common.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NotRequired, Protocol

from pydantic import ConfigDict
from typing_extensions import TypedDict

from adapters.base import Decoded, Json, Request, Summary
from adapters.openai.logprobs import Token

#: White space alone has a branch of its own: without it every start of it is tried in vain.
_WORDS = re.compile(r"\s*\S+\s*|\s+")


class StreamOptions(TypedDict):
    """What a client wants of a stream; keys beyond these are kept."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # pydantic reads it here

    include_usage: NotRequired[bool | None]


class Resource(Protocol):
    """How a resource writes what is text; the modules `chat` and `completions` are the two."""

    def echoes(self, params: Json) -> bool:
        """Tell whether the prompt is to stand before the text."""
        ...

    def answer(self, request: Request, choices: list[Json], usage: Json) -> Json:
        """Build a whole answer."""
        ...

    def text_choice(
        self, index: int, text: str, finish_reason: str, tokens: Sequence[Token] = ()
    ) -> Json:
        """Build one choice of a whole answer; `tokens` are its log probabilities, if wanted."""
        ...

    def opening_chunks(self, request: Request, index: int) -> tuple[Json, ...]:
        """Build what a choice begins with, before its text."""
        ...

    def text_chunk(
        self, request: Request, index: int, text: str, tokens: Sequence[Token] = (), offset: int = 0
    ) -> Json:
        """Build a chunk of a choice's text; `offset` is the number of characters before it."""
        ...

    def last_chunk(self, request: Request, index: int, finish_reason: str) -> Json:
        """Build the chunk that ends a choice."""
        ...

    def usage_chunk(self, request: Request, usage: Json) -> Json:
        """Build the chunk that follows the last choice's when the client asked for usage."""
        ...

    def cut(self, answer: Json, *, include_usage: bool) -> Iterator[Json]:
        """Cut a whole answer into the chunks of a stream."""
        ...


def wants_usage(params: Json) -> bool:
    """Tell whether the client asked for a usage record at the end of its stream."""
    options = params.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def wants_running_usage(params: Json) -> bool:
    """Tell whether the client asked for the counts so far in every chunk, as vLLM gives them."""
    options = params.get("stream_options")
    return isinstance(options, dict) and options.get("continuous_usage_stats") is True


def chunk(request: Request, kind: str, choice: Json) -> Json:
    """Build one chunk with one choice; its usage is null where some is to come."""
    built: Json = {
        "id": request.id,
        "object": kind,
        "created": request.created,
        "model": request.target.model,
        "choices": [choice],
    }
    if wants_usage(request.params):
        built["usage"] = None
    return built


def usage_chunk(request: Request, kind: str, usage: Json) -> Json:
    """Build the chunk without a choice that carries the usage."""
    return {
        "id": request.id,
        "object": kind,
        "created": request.created,
        "model": request.target.model,
        "choices": [],
        "usage": usage,
    }


def note_document(summary: Summary, decoded: Decoded) -> None:
    """Note on a stream's summary that there was one whole answer, and what that said."""
    summary.whole_document = True
    summary.usage = decoded.body["usage"]
    summary.usage_source = decoded.usage_source
    summary.finish_reason = decoded.body["choices"][0]["finish_reason"]
    summary.shape = decoded.shape


def cut_words(text: str) -> list[str]:
    """Cut behind the white space that follows a word; white space alone stays one piece."""
    return _WORDS.findall(text)
