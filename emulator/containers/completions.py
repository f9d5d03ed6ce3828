"""OpenAI completions as vLLM serves them: whole answers and streams."""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from emulator.containers import openai_body
from emulator.containers.base import Answer, document
from emulator.containers.completion_request import CompletionRequest, parse
from emulator.containers.framing import in_turns, openai_framed
from emulator.containers.generation import Generation, complete
from emulator.containers.text import written
from emulator.endpoints import MessagesEndpoint

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Choice:
    """One answer: the tokens of the prompt if it is echoed, and what was generated."""

    index: int
    echoed: list[str]
    generation: Generation


class Completions:
    """Answers `prompt` bodies."""

    def __init__(self, settings: MessagesEndpoint) -> None:
        self._settings = settings

    def answer(self, content: Mapping[str, Any], component: str) -> Answer:
        """Generates, streaming when the body says `stream`.

        Raises:
            Complaint: In vLLM's words.
        """
        request = parse(content, self._settings.served_model, self._settings.context_length)
        choices = self._choices(request, component)
        head = _head(request)
        if content.get("stream") and not self._settings.whole_document:
            return openai_framed(_chunks(head, request, choices), self._settings.framing)
        listed = [_whole(request, choice) for choice in choices]
        return document({**head, "choices": listed, "usage": _usage(request, choices)})

    def _choices(self, request: CompletionRequest, component: str) -> list[_Choice]:
        """The choices of the first prompt, then those of the second, and so on."""
        return [
            self._choice(request, component, place, number)
            for place in range(len(request.prompts))
            for number in range(request.choices)
        ]

    def _choice(
        self, request: CompletionRequest, component: str, place: int, number: int
    ) -> _Choice:
        prompt = request.prompts[place]
        text = written(self._settings.reply, prompt.text, request.parameters, component)
        if number and self._settings.reply is None:
            text = f"{text}\n(choice {number})"
        return _Choice(
            place * request.choices + number,
            prompt.pieces if request.body.get("echo") else [],
            complete(text, request.limit, openai_body.stops(request.body)),
        )


def _whole(request: CompletionRequest, choice: _Choice) -> Content:
    pieces = [*choice.echoed, *choice.generation.pieces]
    return _choice_content(
        choice,
        "".join(pieces),
        _logprobs(request, pieces, 0),
        choice.generation.finish_reason,
    )


def _chunks(
    head: Content, request: CompletionRequest, choices: Sequence[_Choice]
) -> Iterator[Content]:
    """Every chunk of a stream; those of several choices take turns."""
    for content in in_turns(_choice_chunks(request, choice) for choice in choices):
        yield {**head, "choices": [content]}
    if openai_body.wants_usage(request.body):
        yield {**head, "choices": [], "usage": _usage(request, choices)}


def _choice_chunks(request: CompletionRequest, choice: _Choice) -> Iterator[Content]:
    """The echo in one chunk, then a token in each, then the reason."""
    runs = [choice.echoed] if choice.echoed else []
    runs += [[piece] for piece in choice.generation.pieces]
    offset = 0
    for run in runs:
        text = "".join(run)
        yield _choice_content(choice, text, _logprobs(request, run, offset), None)
        offset += len(text)
    yield _choice_content(choice, "", None, choice.generation.finish_reason)


def _choice_content(
    choice: _Choice, text: str, logprobs: Content | None, finish_reason: str | None
) -> Content:
    return {
        "index": choice.index,
        "text": text,
        "logprobs": logprobs,
        "finish_reason": finish_reason,
        "stop_reason": None,
    }


def _logprobs(request: CompletionRequest, pieces: Sequence[str], offset: int) -> Content | None:
    """The log probabilities of some tokens; the very first token of a prompt has none."""
    wide = request.body.get("logprobs")
    if wide is None:
        return None
    start = 1 if request.body.get("echo") and offset == 0 else 0
    known = [place >= start for place in range(len(pieces))]
    offsets = list(accumulate((len(piece) for piece in pieces), initial=offset))[:-1]
    return {
        "text_offset": offsets,
        "token_logprobs": [-0.25 if each else None for each in known],
        "tokens": list(pieces),
        "top_logprobs": [
            _alternatives(piece, wide) if each else None
            for piece, each in zip(pieces, known, strict=True)
        ],
    }


def _alternatives(piece: str, wide: int) -> dict[str, float]:
    return {piece: -0.25} | {f"~{place}": -0.25 - place for place in range(1, wide)}


def _usage(request: CompletionRequest, choices: Sequence[_Choice]) -> Content:
    prompt = sum(each.size for each in request.prompts)
    completion = sum(len(each.generation.pieces) for each in choices)
    return {
        "prompt_tokens": prompt,
        "total_tokens": prompt + completion,
        "completion_tokens": completion,
        "prompt_tokens_details": None,
    }


def _head(request: CompletionRequest) -> Content:
    return {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": request.body.get("model") or "emulated",
    }
