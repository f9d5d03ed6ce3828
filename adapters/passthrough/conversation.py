"""A conversation on its way to a chat container: made regular, and measured."""

from __future__ import annotations

from typing import Any

from adapters.base import Json
from adapters.openai import usage


def regular(messages: list[Json]) -> list[Json]:
    """Give the messages as containers take them; most conversations pass as they are.

    The role `developer` becomes `system`, an image's URL that is a bare string an object.
    """
    for message in messages:
        if not isinstance(message.get("content"), str) or message["role"] == "developer":
            return [_regular_message(each) for each in messages]
    return messages


def words(content: Any) -> str:
    """Give what a message's content says in words: a text, or the texts of its parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content)
    return ""


def size(messages: list[Json]) -> int:
    """Give the UTF-8 bytes of a conversation, with the line ends between its messages."""
    said = sum(usage.size(words(message.get("content"))) for message in messages)
    return said + len(messages) - 1


def _regular_message(message: Json) -> Json:
    if message["role"] == "developer":
        message = {**message, "role": "system"}
    content = message.get("content")
    if isinstance(content, list) and any(_has_bare_image(part) for part in content):
        parts = [
            {**part, "image_url": {"url": part["image_url"]}} if _has_bare_image(part) else part
            for part in content
        ]
        message = {**message, "content": parts}
    return message


def _has_bare_image(part: Json) -> bool:
    return isinstance(part.get("image_url"), str)
