"""A container with the OpenAI Messages API, such as vLLM: whole answers.

Knows what each choice says: text, reasoning, tool calls, log probabilities. The wire of streams
is `chat_stream`'s.
"""

import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from emulator.containers import chat_stream
from emulator.containers.base import Answer, ContainerRequest, document
from emulator.containers.chat_choice import Choice, logprobs, usage
from emulator.containers.chat_request import ChatRequest, parse
from emulator.containers.specimen import specimen
from emulator.containers.text import compose, cut_at_stop, tokens
from emulator.settings import MessagesEndpoint

_REASONING = "The user wants me to think. Thinking… done."


class Messages:
    """The container behind a `messages` endpoint."""

    def __init__(self, settings: MessagesEndpoint) -> None:
        self._settings = settings

    def answer(self, request: ContainerRequest) -> Answer:
        """Generates, streaming when the body says `stream`."""
        settings = self._settings
        chat = parse(request.body, settings.served_model, settings.context_length)
        choices = [
            self._choice(chat, request.component, index) for index in range(chat.body.get("n") or 1)
        ]
        head = _head(chat)
        if chat.body.get("stream") and not settings.whole_document:
            chunks = chat_stream.chunks(head, chat, choices, settings.reasoning_field)
            return chat_stream.framed(chunks, settings.framing)
        return document(
            {
                **head,
                "object": "chat.completion",
                "choices": [self._whole(chat, choice) for choice in choices],
                "usage": usage(chat, choices),
            }
        )

    def _choice(self, chat: ChatRequest, component: str, index: int) -> Choice:
        reasoning = tokens(_REASONING) if chat.wants_reasoning else []
        calls = [_call(function) for function in chat.tools_to_call]
        if calls:
            return Choice(
                index=index,
                reasoning=reasoning,
                pieces=[],
                calls=calls,
                finish_reason="tool_calls",
            )
        pieces, finish_reason = _end(chat, tokens(self._text(chat, component, index)))
        return Choice(
            index=index,
            reasoning=reasoning,
            pieces=pieces,
            calls=[],
            finish_reason=finish_reason,
        )

    def _text(self, chat: ChatRequest, component: str, index: int) -> str:
        wanted = chat.body.get("response_format") or {}
        if wanted.get("type") == "json_schema":
            return orjson.dumps(specimen(wanted["json_schema"].get("schema", {}))).decode()
        if wanted.get("type") == "json_object":
            return orjson.dumps({"said": chat.prompt}).decode()
        if self._settings.reply is not None:
            return self._settings.reply
        text = compose(chat.prompt, chat.parameters, component)
        return f"{text}\n(choice {index})" if index else text

    def _whole(self, chat: ChatRequest, choice: Choice) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if choice.calls else "".join(choice.pieces),
            "tool_calls": choice.calls,
            self._settings.reasoning_field: "".join(choice.reasoning) or None,
        }
        content = logprobs(chat.body, choice.pieces)
        return {
            "index": choice.index,
            "message": message,
            "logprobs": content,
            "finish_reason": choice.finish_reason,
            "stop_reason": None,
        }


def _end(chat: ChatRequest, pieces: list[str]) -> tuple[list[str], str]:
    """Where the text ends and why; unlike TGI's, the stop text is not part of it."""
    limit = chat.limit or len(pieces)
    kept = pieces[:limit]
    stopped = cut_at_stop(kept, chat.stops)
    if stopped is not None:
        return _without_stop(stopped, chat.stops), "stop"
    return kept, "length" if len(pieces) > limit else "stop"


def _without_stop(pieces: list[str], stops: list[str]) -> list[str]:
    text = "".join(pieces)
    longest = max(len(stop) for stop in stops if text.endswith(stop))
    return tokens(text[: len(text) - longest])


def _call(function: Mapping[str, Any]) -> dict[str, Any]:
    arguments = specimen(function.get("parameters") or {"type": "object"})
    return {
        "id": f"chatcmpl-tool-{uuid.uuid4().hex}",
        "type": "function",
        "function": {"name": function["name"], "arguments": orjson.dumps(arguments).decode()},
    }


def _head(chat: ChatRequest) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": chat.body.get("model") or "emulated",
    }
