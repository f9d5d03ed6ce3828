"""The OpenAI chat request as vLLM reads it: parsed, checked, and refused in vLLM's words.

Source: vLLM's OpenAI-compatible server and the OpenAI chat reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.containers import openai_body, openai_types
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
    def wants_reasoning(self) -> bool:
        """Whether the last message asks to think first."""
        return _REASON in self.prompt.lower()

    @property
    def leaves_tools_to_the_model(self) -> bool:
        """Whether there are tools, and none is forced or forbidden."""
        choice = self.body.get("tool_choice") or "auto"
        return bool(self.body.get("tools")) and choice == "auto"

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


def parse(content: Mapping[str, Any], served_model: str | None, context_length: int) -> ChatRequest:
    """Checks a request body.

    Raises:
        Complaint: In vLLM's words.
    """
    if not _are_messages(content.get("messages")):
        openai_body.misfit("missing", "messages", "Field required")
    openai_body.check_model(content, served_model)
    openai_types.check(openai_types.ChatBody, content)
    openai_body.check_ranges(content)
    request = ChatRequest(content)
    openai_body.check_length(request.prompt_tokens, request.limit or 1, context_length)
    return request


def _are_messages(messages: object) -> bool:
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(isinstance(message, dict) for message in messages)
    )


def _text(content: object) -> str:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part.get("text", "") for part in parts if part.get("type") == "text")
