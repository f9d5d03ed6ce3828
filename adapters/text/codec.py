"""Chat and completions as one prompt text in, one generated text out.

Every choice of every prompt takes a call of its own: containers give one text for a call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from adapters.base import Decoded, Format, Json, Payload, Reply, Request
from adapters.container import parse_reply, write_body
from adapters.errors import InvalidRequest
from adapters.openai import chat, completions, parameters
from adapters.text import answer
from adapters.text.dialect import REMEDIES, Dialect
from adapters.text.generation import read
from adapters.text.stream import TextStream

#: An input as the container takes it, and the text that is counted for it.
Input = tuple[Any, str]


def text_format(name: str, dialect: Dialect) -> Format:
    """Give the format of a text dialect: chat and completions."""
    return Format(name=name, chat=TextChat(dialect), completion=TextCompletion(dialect))


@dataclass(frozen=True, slots=True)
class TextChat:
    """Chat: the conversation becomes one prompt."""

    dialect: Dialect

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"inputs", "parameters", "stream"?}`, once for each choice."""
        params = _selected(self.dialect, request, parameters.CHAT)
        converse = self.dialect.converse
        return _payloads(self.dialect, request, params, [converse(request, params["messages"])])

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the texts of each reply, whatever its shape."""
        readings = [read(parse_reply(reply)) for reply in replies]
        return answer.complete(chat, self.dialect, request, payloads, readings)

    def decoder(self, request: Request, payload: Payload) -> TextStream:
        """Give the decoder for one stream."""
        return TextStream(chat, self.dialect, request, payload)


@dataclass(frozen=True, slots=True)
class TextCompletion:
    """Completions: the prompts go to the container untouched."""

    dialect: Dialect

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"inputs", "parameters", "stream"?}`, once for each choice of each prompt."""
        params = _selected(self.dialect, request, parameters.COMPLETION)
        if params.get("echo") and params.get("logprobs") is not None:
            raise InvalidRequest(
                f"The model '{request.target.model}' gives no log probabilities of an echoed "
                "prompt: leave out 'echo' or 'logprobs'.",
                param="logprobs",
                code="unsupported_parameter",
            )
        return _payloads(
            self.dialect, request, params, [(text, text) for text in completions.texts(request)]
        )

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the texts of each reply, whatever its shape."""
        readings = [read(parse_reply(reply)) for reply in replies]
        return answer.complete(completions, self.dialect, request, payloads, readings)

    def decoder(self, request: Request, payload: Payload) -> TextStream:
        """Give the decoder for one stream."""
        return TextStream(completions, self.dialect, request, payload)


def _selected(dialect: Dialect, request: Request, known: frozenset[str]) -> Json:
    return parameters.select(
        request.params,
        request.target,
        known=known,
        supported=dialect.supported,
        remedies=REMEDIES,
    )


def _payloads(
    dialect: Dialect, request: Request, params: Json, inputs: Iterable[Input]
) -> tuple[Payload, ...]:
    written = dialect.parameters(params, request.target)
    stream = {"stream": True} if params.get("stream") else {}
    count = params.get("n") or 1
    return tuple(
        Payload(
            body=write_body({"inputs": given, "parameters": _varied(written, i), **stream}),
            prompt=prompt,
            choice=number * count + i,
            repeats=i > 0,
        )
        for number, (given, prompt) in enumerate(inputs)
        for i in range(count)
    )


def _varied(written: Json, choice: int) -> Json:
    """Give each choice a seed of its own: equal seeds give equal texts."""
    seed = written.get("seed")
    return {**written, "seed": seed + choice} if choice and type(seed) is int else written
