"""OpenAI chat as vLLM serves it: whole answers and streams.

Knows what each choice says: text, reasoning, tool calls, log probabilities. The order of a
stream is `chat_stream`'s.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from emulator.containers import chat_stream, openai_body
from emulator.containers.base import Answer, document
from emulator.containers.chat_choice import Choice, logprobs, usage
from emulator.containers.chat_request import ChatRequest, parse
from emulator.containers.framing import openai_framed
from emulator.containers.generation import complete
from emulator.containers.specimen import specimen
from emulator.containers.text import tokens, written
from emulator.endpoints import MessagesEndpoint

_REASONING = "The user wants me to think. Thinking… done."
_NO_TOOLS = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'


class Chat:
    """Answers `messages` bodies."""

    def __init__(self, settings: MessagesEndpoint) -> None:
        self._settings = settings

    def answer(self, content: Mapping[str, Any], component: str) -> Answer:
        """Generates, streaming when the body says `stream`.

        Raises:
            Complaint: In vLLM's words.
        """
        if content.get("stream") and not self._settings.whole_document:
            return openai_framed(self.chunks(content, component), self._settings.framing)
        return document(self.whole(content, component))

    def whole(self, content: Mapping[str, Any], component: str) -> dict[str, Any]:
        """The chat completion."""
        chat = self._parse(content)
        choices = self._choices(chat, component)
        return {
            **_head(chat),
            "object": "chat.completion",
            "choices": [self._whole(chat, choice) for choice in choices],
            "usage": usage(chat, choices),
        }

    def chunks(self, content: Mapping[str, Any], component: str) -> Iterator[dict[str, Any]]:
        """The chunks of the stream; refusals come before the first one is asked for."""
        chat = self._parse(content)
        choices = self._choices(chat, component)
        return chat_stream.chunks(_head(chat), chat, choices, self._settings.reasoning_field)

    def _parse(self, content: Mapping[str, Any]) -> ChatRequest:
        chat = parse(content, self._settings.served_model, self._settings.context_length)
        if chat.leaves_tools_to_the_model and not self._settings.tools:
            openai_body.refuse(_NO_TOOLS)
        return chat

    def _choices(self, chat: ChatRequest, component: str) -> list[Choice]:
        return [self._choice(chat, component, index) for index in range(chat.body.get("n") or 1)]

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
        text = self._text(chat, component, index)
        generation = complete(text, chat.limit, openai_body.stops(chat.body))
        return Choice(
            index=index,
            reasoning=reasoning,
            pieces=generation.pieces,
            calls=[],
            finish_reason=generation.finish_reason,
        )

    def _text(self, chat: ChatRequest, component: str, index: int) -> str:
        wanted = chat.body.get("response_format") or {}
        if wanted.get("type") == "json_schema":
            return orjson.dumps(specimen(wanted["json_schema"].get("schema", {}))).decode()
        if wanted.get("type") == "json_object":
            return orjson.dumps({"said": chat.prompt}).decode()
        if self._settings.reply is not None:
            return self._settings.reply
        text = written(None, chat.prompt, chat.parameters, component)
        return f"{text}\n(choice {index})" if index else text

    def _whole(self, chat: ChatRequest, choice: Choice) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if choice.calls else "".join(choice.pieces),
            "tool_calls": choice.calls,
            self._settings.reasoning_field: "".join(choice.reasoning) or None,
        }
        return {
            "index": choice.index,
            "message": message,
            "logprobs": logprobs(chat.body, choice.pieces),
            "finish_reason": choice.finish_reason,
            "stop_reason": None,
        }


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
