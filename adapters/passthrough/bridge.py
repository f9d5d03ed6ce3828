"""Completions over a container that only chats: each prompt becomes one user message.

Knows how chat's answers and chunks become completions; what a container does to chat is known in
`adapters.passthrough.chat`. Reasoning and tool calls are no text, and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from adapters.base import Decoded, Json, Payload, Reply, Request, StreamDecoder, Summary
from adapters.errors import UnsupportedParameter
from adapters.openai import completions, parameters
from adapters.openai.logprobs import for_completion, read_chat
from adapters.passthrough.chat import PassThroughChat
from adapters.passthrough.completion import KIND
from adapters.passthrough.conversation import words
from adapters.passthrough.parts import join
from adapters.passthrough.record import label
from adapters.value import value

_REMEDY: Final = "That needs a container that completes prompts itself: set 'format: openai'."
#: What a chat container can't do for a prompt.
_LACKING: Final = {"best_of": _REMEDY, "suffix": _REMEDY}
_NOTHING: Final[frozenset[str]] = frozenset()
_CHATS_OWN: Final = frozenset({"delta", "index", "logprobs", "message"})


@value(frozen=True, slots=True)
class CompletionOverChat:
    """Completions as chat; an `echo` is our own, put before the text."""

    chat: PassThroughChat

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write a chat request for each prompt; its `n` choices come from one call."""
        prompts = completions.texts(request)
        params = _chat_params(request)
        count = params.get("n") or 1
        return tuple(
            replace(payload, prompt=prompt, choice=number * count)
            for number, prompt in enumerate(prompts)
            for payload in self.chat.encode(_asked(request, params, prompt))
        )

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Read the chat completions as one completion."""
        params = _chat_params(request)
        parts: list[Decoded] = []
        for payload, reply in zip(payloads, replies, strict=True):
            asked = _asked(request, params, payload.prompt)
            decoded = self.chat.decode(asked, (payload,), (reply,))
            parts.append(_translate(request, payload, decoded))
        return join(request, parts)

    def decoder(self, request: Request, payload: Payload) -> BridgedStream:
        """Give the decoder for one stream."""
        asked = _asked(request, _chat_params(request), payload.prompt)
        return BridgedStream(request, payload, self.chat.decoder(asked, payload))


class BridgedStream:
    """Chat chunks as completion chunks; those that bring no text vanish."""

    def __init__(self, request: Request, payload: Payload, decoder: StreamDecoder) -> None:
        self._request = request
        self._payload = payload
        self._decoder = decoder
        self._echo = _echo(request, payload)
        self._begun: set[int] = set()
        #: Characters of each choice's tokens so far.
        self._offsets: dict[int, int] = {}

    @property
    def summary(self) -> Summary:
        """What the stream has said about itself so far."""
        return self._decoder.summary

    @property
    def over(self) -> bool:
        """Whether nothing more is to be fed."""
        return self._decoder.over

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take bytes cut anywhere; give the chunks that are complete."""
        return self._read(self._decoder.feed(data))

    def finish(self) -> Iterator[Json]:
        """Take the end of the stream."""
        return self._read(self._decoder.finish())

    def _read(self, chunks: Iterator[Json]) -> Iterator[Json]:
        for chunk in chunks:
            yield from self._echoes(chunk)
            choices = [self._text_choice(choice) for choice in chunk["choices"]]
            telling = [choice for choice in choices if _tells(choice)]
            if telling or not choices:
                label(chunk, self._request, KIND, own=True)
                chunk["choices"] = telling
                yield chunk

    def _echoes(self, chunk: Json) -> Iterator[Json]:
        """Give the prompt before each choice's first text."""
        for choice in chunk["choices"]:
            index = choice["index"] + self._payload.choice
            if self._echo and index not in self._begun:
                self._begun.add(index)
                yield completions.text_chunk(self._request, index, self._echo)

    def _text_choice(self, choice: Json) -> Json:
        index = choice["index"]
        offset = self._offsets.get(index, 0)
        tokens = read_chat(choice.get("logprobs"))
        self._offsets[index] = offset + sum(len(token.text) for token in tokens)
        text = _text(choice["delta"])
        logprobs = for_completion(tokens, offset) if tokens else None
        return _choice(choice, index + self._payload.choice, text, logprobs)


def _chat_params(request: Request) -> Json:
    """Give chat's parameters for a completion's.

    Raises:
        UnsupportedParameter: a chat container can't do what is asked.
    """
    target = request.target
    params = dict(request.params)
    lacking = {name: params.pop(name) for name in _LACKING if name in params}
    params |= parameters.select(
        lacking, target, known=parameters.COMPLETION, supported=_NOTHING, remedies=_LACKING
    )
    echo, top = params.pop("echo", None), params.pop("logprobs", None)
    if top is not None:
        if echo:
            raise UnsupportedParameter(
                f"The model '{target.model}' gives no log probabilities of an echoed prompt: leave "
                f"out 'echo' or 'logprobs'. {_REMEDY}",
                param="logprobs",
            )
        params |= {"logprobs": True, "top_logprobs": top}
    return params


def _asked(request: Request, params: Json, prompt: str) -> Request:
    """Give the chat request that a prompt becomes."""
    chat_params = {name: value for name, value in params.items() if name != "prompt"}
    chat_params["messages"] = [{"role": "user", "content": prompt}]
    return replace(request, params=chat_params)


def _echo(request: Request, payload: Payload) -> str:
    return payload.prompt if completions.echoes(request.params) else ""


def _translate(request: Request, payload: Payload, decoded: Decoded) -> Decoded:
    """Make a chat completion a completion; fields that OpenAI does not know stay."""
    body, echo = decoded.body, _echo(request, payload)
    label(body, request, KIND, own=True)
    choices: list[Json] = []
    for choice in body["choices"]:
        tokens = read_chat(choice.get("logprobs"))
        text = echo + _text(choice["message"])
        logprobs = for_completion(tokens) if tokens else None
        choices.append(_choice(choice, choice["index"] + payload.choice, text, logprobs))
    body["choices"] = choices
    return decoded


def _text(message: Json) -> str:
    """Give a message's text, or a delta's."""
    return words(message.get("content"))


def _choice(choice: Json, index: int, text: str, logprobs: Json | None) -> Json:
    kept = {name: value for name, value in choice.items() if name not in _CHATS_OWN}
    return {"text": text, "index": index, "logprobs": logprobs, **kept}


def _tells(choice: Json) -> bool:
    return bool(choice["text"] or choice["logprobs"] or choice["finish_reason"])
