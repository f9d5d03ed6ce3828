"""The conversations with which layouts are compared with others, and how they may differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.base import Json


def system(text: str) -> Json:
    return {"role": "system", "content": text}


def user(text: str) -> Json:
    return {"role": "user", "content": text}


def assistant(text: str) -> Json:
    return {"role": "assistant", "content": text}


def parts(*texts: str) -> list[Json]:
    return [{"type": "text", "text": text} for text in texts]


#: By name; `recorded.json` uses the same names.
CONVERSATIONS: Final[dict[str, list[Json]]] = {
    "user": [user("U")],
    "system, user": [system("S"), user("U")],
    "three turns": [user("U"), assistant("A"), user("U2")],
    "system, three turns": [system("S"), user("U"), assistant("A"), user("U2")],
    "spaces": [user(" U \n"), assistant(" A "), user("\nU2 ")],
    "system, spaces": [system(" S\n"), user(" U ")],
    "list content": [
        {"role": "system", "content": parts("S", " T")},
        {"role": "user", "content": parts("U", " V")},
    ],
}


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where a layout differs on purpose: what they write, and what is written here."""

    reason: str
    theirs: str
    ours: str = ""

    def undone(self, text: str) -> str:
        return text.replace(self.theirs, self.ours)


SYSTEM_FIRST: Final = (
    "the system text stands in the first user turn, where every family without a system role has "
    "it; Mistral v3 moves it to the last"
)
