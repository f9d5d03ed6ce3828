"""Generated texts as one OpenAI answer: choices, finish reasons, counts."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.base import Decoded, Json, Payload, Request, UsageSource
from adapters.openai import usage
from adapters.openai.finish import finish_reason, is_foreign
from adapters.openai.logprobs import Token
from adapters.openai.streaming import Resource, total
from adapters.text.dialect import Dialect, stops, token_limit
from adapters.text.generation import Generation, Reading
from adapters.text.stops import cut

#: Characters of the shortest prompt that is looked for at the start of an answer: with a shorter
#: one an answer may well begin by itself ("Hello" ... "Hello! How are you?").
_LEAST_ECHO = 16


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
    said = 0
    for payload, reading in zip(payloads, readings, strict=True):
        for generation in reading.generations:
            text, stopped = _text(dialect, request, payload, generation)
            said += usage.size(text)
            details = generation.details
            tokens: Sequence[Token] = details.tokens
            if stopped:
                tokens = within(len(text), tokens)
            reason = finish_reason(
                "stop" if stopped else details.finish,
                generated=details.generated,
                limit=token_limit(request.params),
            )
            whole = echoed_prompt(dialect, request, payload) + text
            tokens = wanted_tokens(request, tokens)
            index = payloads[0].choice + len(choices)
            choice = resource.text_choice(index, whole, reason, tokens)
            choices.append(with_own_word(choice, details.finish))
    counts, source = _usage(payloads, readings, said)
    return Decoded(resource.answer(request, choices, counts), source, readings[0].shape)


def with_own_word(choice: Json, said: str | None) -> Json:
    """Keep a finish reason that nobody knows beside the one that it becomes."""
    return {**choice, "container_finish_reason": said} if is_foreign(said) else choice


def without_echo(dialect: Dialect, request: Request, payload: Payload, text: str) -> str:
    """Remove an echo of the prompt, once, where the container may have put one unasked."""
    unasked = dialect.may_echo and not request.params.get("return_full_text")
    return text.removeprefix(payload.prompt) if unasked and _is_telling(payload.prompt) else text


def echoed_prompt(dialect: Dialect, request: Request, payload: Payload) -> str:
    """Give what `echo` puts before a completion's text."""
    params = request.params
    asked = "prompt" in params and params.get("echo") and not params.get("return_full_text")
    by_us = not dialect.verbatim and "echo" not in request.target.parameters.dropped
    return payload.prompt if asked and by_us else ""


def cut_here(dialect: Dialect, request: Request) -> Sequence[str]:
    """Give the stop texts to cut at: an answer never has one, which containers see differently."""
    params = request.params
    if dialect.verbatim or params.get("include_stop_str_in_output"):
        return ()
    return stops(params) if "stop" not in request.target.parameters.dropped else ()


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


def wanted_tokens(request: Request, tokens: Sequence[Token]) -> Sequence[Token]:
    """Give the tokens if the request asks for log probabilities."""
    asked = request.params.get("logprobs")
    return () if asked is None or asked is False else tokens


def _is_telling(prompt: str) -> bool:
    return len(prompt) >= _LEAST_ECHO


def _text(
    dialect: Dialect, request: Request, payload: Payload, generation: Generation
) -> tuple[str, bool]:
    text = without_echo(dialect, request, payload, generation.text)
    return cut(text, cut_here(dialect, request))


def _usage(
    payloads: Sequence[Payload], readings: Sequence[Reading], said: int
) -> tuple[Json, UsageSource]:
    """Add the counts of all calls up; a prompt that is asked again counts once."""
    records = [
        counted_once(payload, reading.usage)
        for payload, reading in zip(payloads, readings, strict=True)
        if reading.usage is not None
    ]
    if len(records) == len(readings):
        return total(records), "container"
    firsts = [number for number, payload in enumerate(payloads) if not payload.repeats]
    prompts = [readings[number].generations[0].details.prompt for number in firsts]
    generated = [each.details.generated for reading in readings for each in reading.generations]
    sizes = (sum(usage.size(payloads[number].prompt) for number in firsts), said)
    return usage.settle(_sum(prompts), _sum(generated), "details", sizes)


def counted_once(payload: Payload, record: Json) -> Json:
    """Give a container's usage without the prompt's tokens, if an earlier call counted them."""
    if not payload.repeats:
        return record
    return {**record, "prompt_tokens": 0, "total_tokens": record["completion_tokens"]}


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
