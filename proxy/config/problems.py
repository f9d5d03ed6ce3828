"""Where something stands in the configuration, what is wrong there, and the list of it all.

Knows places and words; refuses to know YAML, pydantic and the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Literal

from adapters.errors import ConfigError
from adapters.value import value

#: `doubtful` would be refused, were the reading not lenient.
Remark = Literal["refused", "doubtful", "unused"]
#: Keys and indices from the root to a value.
Path = tuple[str | int, ...]


def path_text(path: Iterable[str | int]) -> str:
    """Spell a path as people do: `model_list[0].litellm_params.model`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


@value(frozen=True, slots=True)
class Place:
    """A key of a file; line and column count from 1, line 0 is the file as a whole."""

    file: str
    line: int = 0
    column: int = 0
    path: Path = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def below(self, path: Path) -> Place:
        """Give the place of something that is not written down, by its nearest parent."""
        return replace(self, path=(*self.path, *path))

    def says(self, message: str) -> str:
        """Put a message behind the place and the key."""
        key = path_text(self.path)
        return f"{self}: {key}: {message}" if key else f"{self}: {message}"


class ConfigProblems(ConfigError):
    """All that is wrong with a configuration; its text is one line for each problem."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(slots=True)
class Report:
    """Collects problems and notices while a configuration is read."""

    lenient: bool = False
    _problems: dict[Place, list[str]] = field(default_factory=dict)
    _doubts: list[tuple[Place, str]] = field(default_factory=list)
    _unused: dict[tuple[str, str], list[Place]] = field(default_factory=dict)

    def refuse(self, place: Place, message: str) -> None:
        """Note a problem."""
        messages = self._problems.setdefault(place, [])
        if message not in messages:
            messages.append(message)

    def refuse_value(self, place: Place, message: str) -> None:
        """Note a problem of a value, unless an earlier one of the same place explains it."""
        self._problems.setdefault(place, [message])

    def doubt(self, place: Place, message: str) -> None:
        """Note what is a problem, or with `lenient` a warning."""
        if self.lenient:
            self._doubts.append((place, message))
        else:
            self.refuse(place, message)

    def unused(self, place: Place, reason: str) -> None:
        """Note a key that has no effect; the same key in many models is told once."""
        key = next(step for step in reversed(place.path) if isinstance(step, str))
        self._unused.setdefault((key, reason), []).append(place)

    def error(self) -> ConfigProblems:
        """Give what was found, in the order of the files' lines."""
        places = sorted(self._problems, key=attrgetter("file", "line", "column"))
        lines = (place.says(text) for place in places for text in self._problems[place])
        return ConfigProblems(tuple(lines))

    def remarks(self) -> Iterator[tuple[Place, Remark, str]]:
        """Give all that was noted, one place at a time."""
        for place, messages in self._problems.items():
            for message in messages:
                yield place, "refused", message
        for place, message in self._doubts:
            yield place, "doubtful", message
        for (_, reason), places in self._unused.items():
            for place in places:
                yield place, "unused", reason

    def raise_problems(self) -> None:
        """Raise what was found, if anything.

        Raises:
            ConfigProblems: there is at least one problem.
        """
        if self._problems:
            raise self.error()

    def notices(self) -> tuple[str, ...]:
        """Give the warnings and the unused keys, one line each."""
        unused = (
            places[0].says(f"not used: {reason}{_also(len(places) - 1)}")
            for (_, reason), places in self._unused.items()
        )
        doubts = (place.says(f"warning: {message}") for place, message in self._doubts)
        return (*doubts, *unused)


def _also(more: int) -> str:
    return f" (and in {more} more place{'s' if more > 1 else ''})" if more else ""
