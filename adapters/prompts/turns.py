"""A conversation as who says what: roles folded to three, empty messages gone.

Knows which OpenAI roles speak for whom and how neighbours are merged; refuses to know any model's
marks. A tool's answer is told by the user: no built-in layout has a place for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile
from typing import Final, Literal

from adapters.base import Json
from adapters.errors import InvalidRequest
from adapters.prompts.plain import message_text
from adapters.value import value

Speaker = Literal["system", "user", "assistant"]

#: Between two texts that become one turn.
BLANK_LINE: Final = "\n\n"

SPEAKERS: Final[dict[str, Speaker]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "tool": "user",
    "function": "user",
    "assistant": "assistant",
}


@value(frozen=True, slots=True)
class Turn:
    """One speaker's text; never empty as read from a request."""

    speaker: Speaker
    text: str


def read_turns(messages: list[Json]) -> list[Turn]:
    """Give the turns in order; messages without text give none.

    Raises:
        InvalidRequest: an unknown role, a part that is not text, or no text at all.
    """
    texts = [message_text(message, f"messages[{i}]") for i, message in enumerate(messages)]
    turns = [
        Turn(_speaker(message, i), text)
        for i, (message, text) in enumerate(zip(messages, texts, strict=True))
        if text
    ]
    require_text(texts)
    return turns


def require_text(texts: Iterable[str]) -> None:
    """Refuse a conversation in which nobody says anything.

    Raises:
        InvalidRequest: every text is empty.
    """
    if not any(texts):
        raise InvalidRequest(
            "The messages hold no text.", param="messages", code="missing_required_parameter"
        )


def leading_system(turns: list[Turn]) -> tuple[str, list[Turn]]:
    """Split off what the system says before anyone else does."""
    first = [turn.text for turn in takewhile(lambda turn: turn.speaker == "system", turns)]
    return BLANK_LINE.join(first), turns[len(first) :]


def system_only_first(turns: list[Turn]) -> list[Turn]:
    """Let the user say what the system says later than at the start."""
    _, rest = leading_system(turns)
    start = turns[: len(turns) - len(rest)]
    return start + [Turn("user", t.text) if t.speaker == "system" else t for t in rest]


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """Join neighbours of the same speaker with a blank line."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker == turn.speaker:
            joined[-1] = replace(turn, text=joined[-1].text + BLANK_LINE + turn.text)
        else:
            joined.append(turn)
    return joined


def folded(before: str, turns: list[Turn]) -> list[Turn]:
    """Put a text before the first turn if the user speaks there; else it is a turn of its own."""
    if turns and turns[0].speaker == "user":
        return [Turn("user", before + turns[0].text), *turns[1:]]
    return [Turn("user", before.rstrip()), *turns]


def _speaker(message: Json, index: int) -> Speaker:
    speaker = SPEAKERS.get(message.get("role", ""))
    if speaker is None:
        raise InvalidRequest(
            f"Invalid role at 'messages[{index}].role': expected one of {', '.join(SPEAKERS)}.",
            param=f"messages[{index}].role",
            code="invalid_value",
        )
    return speaker
