"""The texts of an OpenAI body: a string, a list of strings, token ids, or lists of token ids."""

from dataclasses import dataclass
from typing import Any

from emulator.containers import openai_body
from emulator.containers.text import count, tokens
from emulator.containers.vectors import Source, are_ids


@dataclass(frozen=True, slots=True)
class Prompt:
    """One text, or the ids of its tokens."""

    source: Source

    @property
    def pieces(self) -> list[str]:
        """Its tokens; token ids have no text here, so they stand for themselves."""
        if isinstance(self.source, str):
            return tokens(self.source)
        return [f" {each}" if place else f"{each}" for place, each in enumerate(self.source)]

    @property
    def text(self) -> str:
        """Its text."""
        return self.source if isinstance(self.source, str) else "".join(self.pieces)

    @property
    def size(self) -> int:
        """How many tokens it has."""
        return count(self.source) if isinstance(self.source, str) else len(self.source)


def parse(value: Any, name: str) -> list[Prompt]:
    """Reads every form of the key `name`.

    Raises:
        Complaint: 400, it has none of the forms.
    """
    if isinstance(value, str):
        return [Prompt(value)]
    if are_ids(value):
        return [Prompt(value)]
    if not _are_several(value):
        openai_body.misfit("string_type", name, "Input should be a valid string")
    return [Prompt(each) for each in value]


def _are_several(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and (all(isinstance(each, str) for each in value) or all(map(are_ids, value)))
    )
