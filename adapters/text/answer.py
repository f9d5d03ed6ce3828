"""Generated texts as one OpenAI answer: choices, finish reasons, counts."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.base import Decoded, Json, Payload, Request, UsageSource
from adapters.openai import usage
from adapters.openai.finish import finish_reason, is_foreign
from adapters.openai.logprobs import Token
from adapters.openai.streaming import Resource
from adapters.text.counts import Said, count
from adapters.text.dialect import Dialect, stops
from adapters.text.echo import is_there, without_echo
from adapters.text.generation import Generation, Reading
from adapters.text.stops import cut


def complete(
    resource: Resource,
    dialect: Dialect,
    request: Request,
    payloads: Sequence[Payload],
    readings: Sequence[Reading],
) -> Decoded:
    """Build the answer of all the calls that one request took.

    Args:
        resource: How the answer is written.
        dialect: How the container speaks.
        request: What was asked.
        payloads: The calls.
        readings: The replies to them, in their order.
    """
    choices: list[Json] = []
    counts: list[Json] = []
    sources: list[UsageSource] = []
    for payload, reading in zip(payloads, readings, strict=True):
        texts: list[Said] = []
        for generation in reading.generations:
            text, stopped = _text(dialect, request, payload, generation)
            index = payloads[0].choice + len(choices)
            written = echo(resource, dialect, request, payload, text) + text
            tokens = _tokens(request, generation, len(text) if stopped else None)
            reason = _reason(dialect, request, generation, stopped=stopped)
            choice = resource.text_choice(index, written, reason, tokens)
            choices.append(with_own_word(choice, generation.details.finish))
            texts.append(Said(details=generation.details, size=usage.size(text)))
        counted, source = count(
            payload, reading.usage, texts, detailed=is_detailed(dialect, request)
        )
        counts.append(counted)
        sources.append(source)
    body = resource.answer(request, choices, usage.total(counts))
    return Decoded(body, usage.worst(sources), readings[0].shape)


def with_own_word(choice: Json, said: str | None) -> Json:
    """Keep a finish reason that nobody knows beside the one that it becomes."""
    return {**choice, "container_finish_reason": said} if is_foreign(said) else choice


def echo(
    resource: Resource, dialect: Dialect, request: Request, payload: Payload, text: str
) -> str:
    """Give what `echo` puts before a text, or before its first piece; nothing where it is there."""
    params = request.params
    by_us = not dialect.verbatim and not params.get("return_full_text")
    if not by_us or not resource.echoes(params):
        return ""
    return "" if is_there(dialect, request, payload, text) else payload.prompt


def cut_here(dialect: Dialect, request: Request) -> Sequence[str]:
    """Give the stop texts to cut at: an answer never has one, which containers see differently."""
    params = request.params
    if dialect.verbatim or params.get("include_stop_str_in_output"):
        return ()
    return stops(params)


def within(characters: int, tokens: Sequence[Token]) -> list[Token]:
    """Give the first tokens, as many as lie wholly within so many characters."""
    kept: list[Token] = []
    end = 0
    for token in tokens:
        end += len(token.text)
        if end > characters:
            break
        kept.append(token)
    return kept


def wants_tokens(request: Request) -> bool:
    """Tell whether the request asks for log probabilities."""
    asked = request.params.get("logprobs")
    return asked is not None and asked is not False


def is_detailed(dialect: Dialect, request: Request) -> bool:
    """Tell whether a container was asked for its details."""
    return dialect.asks_details or request.params.get("details") is True or wants_tokens(request)


def _tokens(request: Request, generation: Generation, characters: int | None) -> Sequence[Token]:
    """Give the tokens that are wanted, of a text that was cut those of what is left."""
    if not wants_tokens(request):
        return ()
    tokens = generation.details.tokens
    return tokens if characters is None else within(characters, tokens)


def _reason(dialect: Dialect, request: Request, generation: Generation, *, stopped: bool) -> str:
    details = generation.details
    return finish_reason(
        "stop" if stopped else details.finish,
        generated=details.generated,
        limit=dialect.limit(request.params),
    )


def _text(
    dialect: Dialect, request: Request, payload: Payload, generation: Generation
) -> tuple[str, bool]:
    text = without_echo(dialect, request, payload, generation.text)
    return cut(text, cut_here(dialect, request))
