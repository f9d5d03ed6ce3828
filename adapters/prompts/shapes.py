"""In which shapes a chat template reads a message, learned by letting it write a few.

OpenAI's messages have more than one shape: content as a text or as parts, no content beside tool
calls, a call's arguments as JSON text. Each template reads some of these and writes the others as
Python's own notation, or not at all. Knows how to tell, once, at start-up; refuses to know any
template, and to look at a template's source: what counts is what it writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from adapters.base import Json
from adapters.value import value

#: Renders a conversation; None where the template can't.
Render = Callable[[list[Json]], str | None]

_FIRST, _SECOND, _NAME, _KEY = "Tallinn", "Vilnius", "weather_at", "harbour"
_USER: Final[Json] = {"role": "user", "content": "Riga"}
#: What stands before and after a message of each role; the conversations are ordinary ones.
_AROUND: Final[dict[str, tuple[list[Json], list[Json]]]] = {
    "system": ([], [_USER]),
    "user": ([], []),
    "assistant": ([_USER], [_USER]),
}
_QUOTES: Final = ("'", '"')


@value(frozen=True, slots=True, kw_only=True)
class Shapes:
    """What one template reads."""

    #: The roles whose content may stay a list of parts, of however many.
    parts: frozenset[str]
    #: The roles whose content must be a list even if it is a text; of one part, for some templates.
    only_parts: frozenset[str]
    #: Beside tool calls: no content, as OpenAI has it, else an empty text.
    null_content: bool
    #: A call's arguments as an object, else as JSON text, as OpenAI has them.
    parsed_arguments: bool

    def shaped(self, message: Json) -> Json:
        """Give the message as the template reads it; its content is a text or parts of text."""
        content = message["content"]
        if isinstance(content, str) and message.get("role") in self.only_parts:
            message = {**message, "content": _parts(content) if content else []}
        if not message.get("tool_calls"):
            return message
        calls = message["tool_calls"]
        if self.parsed_arguments:
            calls = [_parsed(call) for call in calls]
        empty = None if self.null_content else content
        return {**message, "content": content or empty, "tool_calls": calls}


def learn(render: Render) -> Shapes:
    """Find out what a template reads; what can't be told stays as OpenAI's plainest shape."""
    parts, one_part, texts = (
        frozenset(role for role in _AROUND if _reads(render, role, content))
        for content in (_parts(_FIRST, _SECOND), _parts(_FIRST + _SECOND), _FIRST + _SECOND)
    )
    null_content, parsed = _calls(render)
    return Shapes(
        parts=parts,
        only_parts=one_part - texts,
        null_content=null_content,
        parsed_arguments=parsed,
    )


def _parts(*texts: str) -> list[Json]:
    return [{"type": "text", "text": text} for text in texts]


def _reads(render: Render, role: str, content: Any) -> bool:
    """Tell whether both names are written, once and as themselves: not within quotes."""
    before, after = _AROUND[role]
    text = render([*before, {"role": role, "content": content}, *after]) or ""
    head, first, rest = text.partition(_FIRST)
    between, second, _ = rest.partition(_SECOND)
    return bool(first and second) and not (head.endswith(_QUOTES) or between.endswith(_QUOTES))


def _calls(render: Render) -> tuple[bool, bool]:
    """Give the first shape of tool calls that is written whole: OpenAI's null, an object's JSON."""
    for parsed in (True, False):
        for null in (True, False):
            text = render(_called(null=null, parsed=parsed)) or ""
            if _NAME in text and _wrote_arguments(text) and "None" not in text:
                return null, parsed
    return False, False


def _wrote_arguments(text: str) -> bool:
    return _KEY in text and f"'{_KEY}" not in text and f'\\"{_KEY}' not in text


def _called(*, null: bool, parsed: bool) -> list[Json]:
    arguments = {_KEY: "north"}
    call = {
        "id": "call00001",  # nine letters and digits, as Mistral's templates insist
        "type": "function",
        "function": {
            "name": _NAME,
            "arguments": arguments if parsed else json.dumps(arguments),
        },
    }
    return [
        _USER,
        {"role": "assistant", "content": None if null else "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call00001", "name": _NAME, "content": "rain"},
    ]


def _parsed(call: Any) -> Any:
    """Give a call with its arguments as an object; as it is where they are none."""
    match call:
        case {"function": {"arguments": str(text)} as function}:
            read = _object(text)
            return call if read is None else {**call, "function": {**function, "arguments": read}}
    return call


def _object(text: str) -> Json | None:
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
