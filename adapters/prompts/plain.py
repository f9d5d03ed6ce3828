"""The plain layout: what the messages say, one under the other, without any model's marks."""

from __future__ import annotations

from typing import Any, Final

from adapters.container import write_body
from adapters.errors import InvalidRequest

#: The kinds of content that are text, each under its own name: an assistant may have refused.
_TEXTS: Final = frozenset({"refusal", "text"})


def render(messages: list[dict[str, Any]]) -> str:
    """Give the messages' texts, joined with newlines.

    Raises:
        InvalidRequest: a message holds something else than text (an image, audio), or none does.
    """
    texts = [
        content
        if isinstance(content := message.get("content"), str) and content
        else message_text(message, f"messages[{index}]")
        for index, message in enumerate(messages)
    ]
    prompt = "\n".join([text for text in texts if text])
    if not prompt:
        raise InvalidRequest(
            "The messages hold no text.", param="messages", code="missing_required_parameter"
        )
    return prompt


def message_text(message: dict[str, Any], param: str) -> str:
    """Give one message's text; calls of tools without text give the calls as JSON.

    Raises:
        InvalidRequest: a content part is not text; `param` names the message. Or the calls are
            nested too deeply.
    """
    content = message.get("content")
    if isinstance(content, str) and content:
        return content
    if not content:
        calls = message.get("tool_calls") or message.get("function_call")
        return write_body(calls).decode() if calls else ""
    return "".join(part_text(part, f"{param}.content[{i}]") for i, part in enumerate(content))


def part_text(part: dict[str, Any], param: str) -> str:
    """Give one content part's text.

    Raises:
        InvalidRequest: it is something else.
    """
    kind = part.get("type", "text")
    text = part.get(kind) if isinstance(kind, str) and kind in _TEXTS else None
    if not isinstance(text, str):
        raise InvalidRequest(
            f"Invalid content at '{param}': this model takes text only.",
            param=param,
            code="unsupported_content",
        )
    return text
