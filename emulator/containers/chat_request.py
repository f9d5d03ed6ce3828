"""The OpenAI chat request as vLLM reads it: parsed, checked, and refused in vLLM's words.

Source: vLLM's OpenAI-compatible server (`ErrorResponse`) and the OpenAI chat reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

from emulator.containers.base import Complaint
from emulator.containers.text import count

_NOT_PARAMETERS = {"messages", "model", "stream"}
_CALL_ONE = "call the tool"
_CALL_ALL = "call the tools"
_REASON = "think first"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request body that has been checked."""

    body: Mapping[str, Any]

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        return _text(self.body["messages"][-1].get("content"))

    @property
    def prompt_tokens(self) -> int:
        """The tokens of all messages."""
        return sum(count(_text(message.get("content"))) for message in self.body["messages"])

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Everything but the messages, the model and the mode."""
        return {name: value for name, value in self.body.items() if name not in _NOT_PARAMETERS}

    @property
    def limit(self) -> int | None:
        """The most tokens wanted."""
        return self.body.get("max_completion_tokens") or self.body.get("max_tokens")

    @property
    def stops(self) -> list[str]:
        """The stop texts."""
        stop = self.body.get("stop") or []
        return [stop] if isinstance(stop, str) else stop

    @property
    def wants_usage(self) -> bool:
        """Whether a stream shall tell the usage."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def wants_reasoning(self) -> bool:
        """Whether the last message asks to think first."""
        return _REASON in self.prompt.lower()

    @property
    def tools_to_call(self) -> list[Mapping[str, Any]]:
        """The functions to call: forced by `tool_choice`, or asked for by the last user message."""
        functions = [tool["function"] for tool in self.body.get("tools") or ()]
        choice = self.body.get("tool_choice")
        if not functions or choice == "none":
            return []
        if isinstance(choice, dict):
            name = choice["function"]["name"]
            return [each for each in functions if each["name"] == name]
        asked = self.prompt.lower() if self.body["messages"][-1].get("role") == "user" else ""
        if _CALL_ALL in asked:
            return functions
        return functions[:1] if choice == "required" or _CALL_ONE in asked else []


def parse(body: bytes, served_model: str | None, context_length: int) -> ChatRequest:
    """Reads and checks a request body.

    Raises:
        Complaint: In vLLM's words.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        raise Complaint(400, _error(f"Invalid JSON: {cause}", "BadRequestError", 400)) from cause
    if not isinstance(content, dict) or not _are_messages(content.get("messages")):
        _refuse("[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required'}]")
    _check_model(content.get("model"), served_model)
    _check_ranges(content)
    request = ChatRequest(content)
    asked = request.limit or 1
    if request.prompt_tokens + asked > context_length:
        _refuse(
            f"This model's maximum context length is {context_length} tokens. However, you "
            f"requested {request.prompt_tokens + asked} tokens ({request.prompt_tokens} in the "
            f"messages, {asked} in the completion). Please reduce the length of the messages or "
            "completion."
        )
    return request


def _are_messages(messages: object) -> bool:
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(isinstance(message, dict) for message in messages)
    )


def _check_model(model: object, served_model: str | None) -> None:
    if served_model is not None and model not in {None, "", served_model}:
        text = f"The model `{model}` does not exist."
        raise Complaint(404, _error(text, "NotFoundError", 404))


def _check_ranges(body: Mapping[str, Any]) -> None:
    temperature, top_p = _number(body, "temperature", 1), _number(body, "top_p", 1)
    if temperature < 0:
        _refuse(f"temperature must be non-negative, got {temperature}.")
    if not 0 < top_p <= 1:
        _refuse(f"top_p must be in (0, 1], got {top_p}.")
    for name in ("n", "max_tokens", "max_completion_tokens"):
        if (value := _number(body, name, 1)) < 1:
            _refuse(f"{name} must be at least 1, got {value}.")


def _number(body: Mapping[str, Any], name: str, default: float) -> float:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(f"[{{'type': 'float_parsing', 'loc': ('body', '{name}'), 'input': {value!r}}}]")
    return value


def _text(content: object) -> str:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part.get("text", "") for part in parts if part.get("type") == "text")


def _refuse(text: str) -> NoReturn:
    raise Complaint(400, _error(text, "BadRequestError", 400))


def _error(message: str, kind: str, code: int) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
