"""Chat in, chat out, as vLLM, SGLang, TGI and LMI serve it.

Knows what must be edited (the model's name, a few irregularities of containers); everything else,
known or unknown, passes untouched in both directions.
Source: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.base import Decoded, Json, Payload, Reply, Request, UsageSource
from adapters.container import parse_reply, unknown_shape, write_body
from adapters.openai import chat, parameters, usage
from adapters.passthrough import conversation
from adapters.passthrough.envelope import Envelope
from adapters.passthrough.fields import Fields
from adapters.passthrough.record import choices_of, edit_whole_choices, label, place_of
from adapters.passthrough.stream import EditedStream
from adapters.value import value

_EVERYTHING: Final = Fields(known=parameters.CHAT)


@value(frozen=True, slots=True)
class PassThroughChat:
    """Chat as the container's own OpenAI server takes it."""

    fields: Fields = _EVERYTHING

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the request with `messages` first: prefix-aware routing counts from the start."""
        body = {
            "messages": conversation.regular(request.params["messages"]),
            **self.fields.write(request, besides="messages"),
        }
        return (Payload(body=write_body(body)),)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Pass the completion on under its public model name."""
        del payloads
        return _complete(request, parse_reply(replies[0]))

    def decoder(self, request: Request, payload: Payload) -> ChatStream:
        """Give the decoder for one stream."""
        del payload
        return ChatStream(request)


class ChatStream(EditedStream):
    """Chat chunks: the role comes first, and once."""

    kind = "chat.completion.chunk"

    def __init__(self, request: Request) -> None:
        self._envelope = Envelope()
        super().__init__(request, chat, self._envelope.parse)

    def write(self, data: bytes) -> bytes | None:
        """Give the events of bytes that are nothing but texts that go on; None of all others."""
        lines = self._reader.whole_lines(data)
        written = self._envelope.write(lines) if lines else None
        if written is None:
            return None
        events, said = written
        if self.summary.usage is None:
            self._said += usage.size(said)
        return events

    def _read(self, records: Iterator[Any]) -> Iterator[Json]:
        envelope = self._envelope
        for record in records:
            edited = envelope.edited
            if edited is not None and record is edited:
                if self.summary.usage is None:
                    self._said += usage.size(edited["choices"][0]["delta"]["content"])
                yield edited
                continue
            data, begun = envelope.take(), len(self._seen)
            for chunk in super()._read(iter((record,))):
                # The first chunk of a choice is edited in another way, and an end is held back.
                if chunk is record and begun == len(self._seen):
                    envelope.learn(data, chunk)
                yield chunk

    def _is_whole(self, record: Json) -> bool:
        choice = record["choices"][0]
        return "message" in choice and "delta" not in choice and not self._seen

    def _complete(self, record: Json) -> Decoded:
        return _complete(self._request, record)

    def _edit_text(self, record: Json, choice: Json, *, first: bool) -> str:
        delta = choice.get("delta") or {}
        if "delta" not in choice and (
            "text" in choice or "message" in choice or not choice.get("finish_reason")
        ):
            raise unknown_shape(record)
        _check_content(delta, record)
        role = delta.pop("role", None)
        choice["delta"] = {"role": role or "assistant", **delta} if first else delta
        _name_reasoning(choice["delta"])
        return conversation.words(delta.get("content"))

    def _estimate(self) -> tuple[Json, UsageSource]:
        return _estimate(self._request, self._said)


def _complete(request: Request, body: Any) -> Decoded:
    """Edit a chat completion: the public model name, and what some containers leave out."""
    choices = choices_of(body)
    if choices is None:
        raise unknown_shape(body)
    for choice in choices:
        if not isinstance(choice.get("message"), dict):
            raise unknown_shape(body)
    label(body, request, "chat.completion")
    edit_whole_choices(request, body)
    for index, choice in enumerate(choices):
        if type(choice.get("index")) is not int:
            place_of(choice, index, body)
        _complete_message(choice["message"], body)
        choice.setdefault("logprobs", None)
    if usage.reported(body.get("usage")) is not None:
        return Decoded(body, "container")
    said = sum(usage.size(conversation.words(each["message"].get("content"))) for each in choices)
    body["usage"], source = _estimate(request, said)
    return Decoded(body, source)


def _complete_message(message: Json, body: Json) -> None:
    """Fill in what OpenAI's messages always have."""
    if not isinstance(message.get("content"), str):
        _check_content(message, body)
    message.setdefault("role", "assistant")
    message.setdefault("content", None)
    message.setdefault("refusal", None)
    if "reasoning" in message:
        _name_reasoning(message)


def _estimate(request: Request, said: int) -> tuple[Json, UsageSource]:
    asked = conversation.size(request.params["messages"])
    return usage.settle(None, None, "container", (usage.estimate(asked), usage.estimate(said)))


def _check_content(message: Json, record: Any) -> None:
    """Let a message's content pass, or a delta's: nothing, a text, or parts."""
    content = message.get("content")
    if content is not None and not isinstance(content, str | list):
        raise unknown_shape(record)


def _name_reasoning(message: Json) -> None:
    """Offer newer containers' `reasoning` under the name that clients know as well."""
    if message.get("reasoning") is not None:
        message.setdefault("reasoning_content", message["reasoning"])
