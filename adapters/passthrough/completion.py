"""Completions in, completions out: the container takes prompts itself.

Each prompt takes a call of its own. Knows what must be edited; everything else passes untouched in
both directions. A container that answers chat here is misunderstood: that is an unknown shape.
Source: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.base import Decoded, Json, Payload, Reply, Request, UsageSource
from adapters.container import parse_reply, unknown_shape, write_body
from adapters.openai import completions, parameters, usage
from adapters.openai.streaming import cut_words
from adapters.passthrough.fields import Fields
from adapters.passthrough.parts import join
from adapters.passthrough.record import choices_of, edit_whole_choices, label, place_of
from adapters.passthrough.stream import EditedStream
from adapters.value import value

KIND: Final = "text_completion"
_EVERYTHING: Final = Fields(known=parameters.COMPLETION)


@value(frozen=True, slots=True, kw_only=True)
class PassThroughCompletion:
    """Completions as the container's own OpenAI server takes them.

    Args:
        fields: What the container takes beside the prompt.
        takes_tokens: It takes arrays of token ids for a prompt.
    """

    fields: Fields = _EVERYTHING
    takes_tokens: bool = True

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write `{"prompt", ...}`, once for each prompt."""
        prompts = (
            completions.prompts(request.params) if self.takes_tokens else completions.texts(request)
        )
        fields = _with_one_limit(self.fields.write(request, besides="prompt"))
        count = fields.get("n") or 1
        return tuple(
            Payload(
                body=write_body({"prompt": prompt, **fields}),
                prompt=prompt if isinstance(prompt, str) else "",
                prompt_tokens=None if isinstance(prompt, str) else len(prompt),
                echoes=bool(fields.get("echo")),
                choice=number * count,
            )
            for number, prompt in enumerate(prompts)
        )

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Pass the completions on as one, under its public model name."""
        parts = [
            _complete(request, payload, parse_reply(reply))
            for payload, reply in zip(payloads, replies, strict=True)
        ]
        return join(request, parts)

    def decoder(self, request: Request, payload: Payload) -> CompletionStream:
        """Give the decoder for one stream."""
        return CompletionStream(request, payload)


class CompletionStream(EditedStream):
    """Completion chunks. A whole answer looks like a chunk: it is one that nothing follows."""

    kind = KIND

    def __init__(self, request: Request, payload: Payload) -> None:
        super().__init__(request, completions)
        self._payload = payload
        self._is_one_of_several = len(completions.prompts(request.params)) > 1
        self._held: Json | None = None

    def _read(self, records: Iterator[Any]) -> Iterator[Json]:
        for record in records:
            held, self._held = self._held, None
            if held is not None:
                yield from self._edit(held)
            if not self._seen and _is_finished(record):
                self._held = record
            else:
                yield from super()._read(iter((record,)))

    def _release(self) -> Iterator[Json]:
        if self._held is not None:
            yield from self._read_whole(self._held)
            text = self._held["choices"][0]["text"]
            # One token is a whole answer of a container that streams, too.
            self.summary.whole_document = len(cut_words(text)) > 1

    def _is_whole(self, record: Json) -> bool:
        del record  # what follows tells
        return False

    def _label(self, record: Json) -> None:
        label(record, self._request, self.kind, own=self._is_one_of_several)

    def _complete(self, record: Json) -> Decoded:
        return _complete(self._request, self._payload, record)

    def _edit_text(self, record: Json, choice: Json, *, first: bool) -> str:
        del first
        choice["index"] += self._payload.choice
        return _edit_text(record, choice)

    def _estimate(self) -> tuple[Json, UsageSource]:
        return _estimate(self._payload, self._said, len(self._seen))


def _with_one_limit(fields: Json) -> Json:
    """Say chat's name for the token limit in the completions' words: they would pass over it."""
    limit = fields.pop("max_completion_tokens", None)
    return fields if limit is None else {**fields, "max_tokens": limit}


def _is_finished(record: Any) -> bool:
    choices = choices_of(record)
    return choices is not None and all(choice.get("finish_reason") for choice in choices)


def _complete(request: Request, payload: Payload, body: Any) -> Decoded:
    """Edit the completion of one prompt."""
    choices = choices_of(body)
    if choices is None:
        raise unknown_shape(body)
    said = sum(usage.size(_edit_text(body, choice)) for choice in choices)
    label(body, request, KIND)
    edit_whole_choices(request, body)
    for index, choice in enumerate(choices):
        choice["index"] = place_of(choice, index, body) + payload.choice
    if usage.reported(body.get("usage")) is not None:
        return Decoded(body, "container")
    body["usage"], source = _estimate(payload, said, len(choices))
    return Decoded(body, source)


def _edit_text(record: Json, choice: Json) -> str:
    """Give a choice's text; only where the choice ends it may be missing."""
    if choice.get("text") is None and choice.get("finish_reason") and not _is_chat(choice):
        choice["text"] = ""
    text = choice.get("text")
    if not isinstance(text, str):
        raise unknown_shape(record)
    choice.setdefault("logprobs", None)
    return text


def _is_chat(choice: Json) -> bool:
    return "message" in choice or "delta" in choice


def _estimate(payload: Payload, said: int, choices: int) -> tuple[Json, UsageSource]:
    """Estimate one call's tokens from what was sent: an echo of it is not generated."""
    prompt = usage.size(payload.prompt)
    if payload.echoes:
        said = max(said - choices * prompt, 0)
    estimates = (usage.estimate(prompt), usage.estimate(said))
    return usage.settle(payload.prompt_tokens, None, "container", estimates)
