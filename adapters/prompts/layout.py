"""One model family's marks around what is said, and the conversation written with them.

Knows how marks are put together; the families' own marks are data in `cards`.
"""

from __future__ import annotations

from adapters.base import Json
from adapters.prompts.turns import (
    BLANK_LINE,
    Turn,
    folded,
    leading_system,
    merged,
    read_turns,
    system_only_first,
)
from adapters.value import value


@value(frozen=True, slots=True)
class Marks:
    """What stands before and after a text."""

    before: str = ""
    after: str = ""

    def around(self, text: str) -> str:
        """Give the text between its marks."""
        return f"{self.before}{text}{self.after}"


@value(frozen=True, slots=True, kw_only=True)
class Layout:
    """A family's way to write a conversation; an `adapters.base.Prompt`.

    Same-speaker neighbours are merged with a blank line and no turn is invented, so a conversation
    may begin, or end, with the assistant.
    """

    user: Marks
    assistant: Marks
    #: Marks of the opening system text; None: the family has no system role, see `fold`.
    system: Marks | None = None
    #: Around a system text that stands inside the first user turn.
    fold: Marks = Marks(after=BLANK_LINE)
    #: Whether a system text may also stand between turns; otherwise the user says it.
    system_anywhere: bool = False
    #: Said when the conversation brings no system text at its start.
    default_system: str = ""
    #: The begin mark (BOS); empty where the family, or `add_bos: false`, leaves it out.
    begin: str = ""
    #: Written before every user turn but one that opens the conversation.
    again: str = ""
    #: The assistant's opening, at the very end.
    opening: str = ""
    #: Whether the model's own template strips the white space around a turn's whole text.
    trim: bool = False

    def render(self, messages: list[Json]) -> str:
        """Give the prompt.

        Raises:
            InvalidRequest: a content part is not text, a role is unknown, or nothing is said.
        """
        system, turns = leading_system(self._read(messages))
        system = system or self.default_system
        head = self.begin
        if system and self.system is not None:
            head += self.system.around(self._trimmed(system))
        elif system:
            turns = folded(self.fold.around(system), turns)
        body = (self._write(turn, first=not i) for i, turn in enumerate(turns))
        return head + "".join(body) + self.opening

    def _read(self, messages: list[Json]) -> list[Turn]:
        turns = read_turns(messages)
        return merged(turns if self.system_anywhere else system_only_first(turns))

    def _write(self, turn: Turn, *, first: bool) -> str:
        text = self._trimmed(turn.text)
        if turn.speaker == "system" and self.system is not None:
            return self.system.around(text)
        if turn.speaker == "assistant":
            return self.assistant.around(text)
        return ("" if first else self.again) + self.user.around(text)

    def _trimmed(self, text: str) -> str:
        return text.strip() if self.trim else text
