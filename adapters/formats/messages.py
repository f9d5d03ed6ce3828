"""The Messages API: OpenAI chat in, OpenAI chat out, as vLLM, SGLang, TGI and LMI serve it.

Knows what must be edited (the model's name, a few irregularities of containers); everything else,
known or unknown, passes untouched in both directions.
Source: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.base import Decoded, Format, Json, Payload, Reply, Request, Summary
from adapters.container import failed_generation, parse_reply, unknown_shape, write_body
from adapters.errors import MalformedReply
from adapters.framing import DONE, RecordReader
from adapters.openai import chat, usage
from adapters.openai.finish import FAILURES

#: Keys that steer the gateway, or that this module writes itself, in their places.
_NOT_COPIED: Final = frozenset(
    {"aws_sagemaker_allow_zero_temp", "messages", "model", "stream", "stream_options"}
)


class MessagesChat:
    """Chat as the container's own OpenAI server takes it."""

    def encode(self, request: Request) -> tuple[Payload, ...]:
        """Write the request with `messages` first: prefix-aware routing counts from the start."""
        params, target = request.params, request.target
        body: Json = {"messages": _regular_messages(params["messages"])}
        if target.body_model is not None:
            body["model"] = target.body_model
        left_out = _NOT_COPIED | target.parameters.dropped
        body.update((name, value) for name, value in params.items() if name not in left_out)
        if params.get("stream"):
            body["stream"] = True
            options = dict(params.get("stream_options") or {})
            if request.ask_usage:
                options["include_usage"] = True
            if options:
                body["stream_options"] = options
        return (Payload(body=write_body(body)),)

    def decode(
        self, request: Request, payloads: tuple[Payload, ...], replies: tuple[Reply, ...]
    ) -> Decoded:
        """Pass the completion on under its public model name."""
        del payloads
        return _complete(request, parse_reply(replies[0]))

    def decoder(self, request: Request, payload: Payload) -> MessagesStream:
        """Give the decoder for one stream."""
        del payload
        return MessagesStream(request)


def _regular_messages(messages: list[Json]) -> list[Json]:
    """Give the messages as containers take them; most conversations pass as they are."""
    return [_regular_message(message) for message in messages]


def _regular_message(message: Json) -> Json:
    if message["role"] == "developer":
        message = {**message, "role": "system"}
    content = message.get("content")
    if isinstance(content, list) and any(
        isinstance(part.get("image_url"), str) for part in content
    ):
        parts = [
            {**part, "image_url": {"url": part["image_url"]}}
            if isinstance(part.get("image_url"), str)
            else part
            for part in content
        ]
        message = {**message, "content": parts}
    return message


def _complete(request: Request, body: Any) -> Decoded:
    """Edit a chat completion: the public model name, and what some containers leave out."""
    choices = body.get("choices") if isinstance(body, dict) else None
    if not choices or not _are_messages(choices):
        raise unknown_shape(body)
    body["id"] = body.get("id") or request.id
    body["object"] = "chat.completion"
    body["created"] = body.get("created") or request.created
    body["model"] = request.target.model
    for index, choice in enumerate(choices):
        choice.setdefault("index", index)
        choice.setdefault("finish_reason", "stop")
        if choice["finish_reason"] in FAILURES:
            raise failed_generation()
        _name_reasoning(choice["message"])
    if isinstance(body.get("usage"), dict):
        return Decoded(body, "container")
    said = sum(_size(choice["message"].get("content")) for choice in choices)
    body["usage"], source = usage.settle(None, None, "container", (_prompt_size(request), said))
    return Decoded(body, source)


def _are_messages(choices: Any) -> bool:
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and isinstance(choice.get("message"), dict) for choice in choices
    )


def _name_reasoning(message: Json) -> None:
    """Offer newer containers' `reasoning` under the name that clients know as well."""
    if message.get("reasoning") is not None:
        message.setdefault("reasoning_content", message["reasoning"])


def _size(content: Any) -> int:
    """Give the UTF-8 bytes of what a content says in words."""
    if isinstance(content, str):
        return usage.size(content)
    if isinstance(content, list):
        return sum(usage.size(str(part.get("text") or "")) for part in content)
    return 0


def _prompt_size(request: Request) -> int:
    """Give the UTF-8 bytes of a conversation, with the line ends between its messages."""
    messages = request.params["messages"]
    return sum(_size(message.get("content")) for message in messages) + len(messages) - 1


class MessagesStream:
    """Edits chunks on their way: the model's name, the role first, usage only where asked for."""

    def __init__(self, request: Request) -> None:
        self.summary = Summary()
        self._request = request
        self._reader = RecordReader()
        self._wants_usage = chat.wants_usage(request.params)
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._done = False
        self._identity: Json = {}
        #: UTF-8 bytes of the answer so far, for an estimate.
        self._said = 0

    def feed(self, data: bytes) -> Iterator[Json]:
        """Take bytes cut anywhere; give the chunks that are complete."""
        return self._read(self._reader.feed(data))

    def finish(self) -> Iterator[Json]:
        """Take the end of the stream."""
        yield from self._read(self._reader.finish())
        if not self._seen or (self._open and not self._done):
            raise MalformedReply("The container's stream ended before its answer was finished.")
        if self.summary.usage is None:
            self.summary.usage, self.summary.usage_source = usage.settle(
                None, None, "container", (_prompt_size(self._request), self._said)
            )
            if self._wants_usage:
                yield chat.usage_chunk(self._request, self.summary.usage) | self._identity

    def _read(self, records: Iterator[Any]) -> Iterator[Json]:
        for record in records:
            if record is DONE:
                self._done = True
            elif self._done:
                continue
            elif not isinstance(record, dict) or not isinstance(record.get("choices"), list):
                raise unknown_shape(record)
            elif record["choices"] and "message" in record["choices"][0]:
                yield from self._read_document(record)
            else:
                yield from self._edit(record)

    def _edit(self, record: Json) -> Iterator[Json]:
        counts = record.get("usage")
        if isinstance(counts, dict):
            self.summary.usage, self.summary.usage_source = counts, "container"
        if not self._wants_usage:
            record.pop("usage", None)
            if not record["choices"]:
                return
        record["id"] = record.get("id") or self._request.id
        record["object"] = "chat.completion.chunk"
        record["created"] = record.get("created") or self._request.created
        record["model"] = self._request.target.model
        for choice in record["choices"]:
            self._edit_choice(choice)
        self._identity = {"id": record["id"], "created": record["created"]}
        yield record

    def _edit_choice(self, choice: Json) -> None:
        index = choice.setdefault("index", 0)
        delta = choice.get("delta") or {}
        if index not in self._seen:
            self._seen.add(index)
            self._open.add(index)
            delta = {"role": "assistant", **delta}
        choice["delta"] = delta
        _name_reasoning(delta)
        if self.summary.usage is None:
            self._said += _size(delta.get("content"))
        reason = choice.setdefault("finish_reason", None)
        if reason in FAILURES:
            raise failed_generation()
        if reason is not None:
            self._open.discard(index)
            self.summary.finish_reason = reason

    def _read_document(self, record: Json) -> Iterator[Json]:
        """Cut a whole completion into chunks: this container did not stream."""
        decoded = _complete(self._request, record)
        self._seen.add(0)
        self._done = True
        chat.note_document(self.summary, decoded)
        yield from chat.cut(decoded.body, include_usage=self._wants_usage)


FORMAT = Format(name="messages", chat=MessagesChat())
