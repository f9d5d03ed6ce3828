"""A configuration as a tree of values, each of which knows where it was written.

Trees are never changed: merging and pruning give new ones, and the places travel along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.value import value
from proxy.config.problems import Path, Place


@value(frozen=True, slots=True)
class Node:
    """A scalar, a list or a mapping; the place is that of the key, or of the list's item."""

    place: Place
    value: bool | float | str | list[Node] | dict[str, Node] | None
    #: A scalar's text as it was written, without quotes.
    text: str = ""

    @property
    def mapping(self) -> dict[str, Node]:
        """The children by key; empty for anything but a mapping."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The children in order; empty for anything but a list."""
        return self.value if isinstance(self.value, list) else []

    def holding(self, value: list[Node] | dict[str, Node]) -> Node:
        """Give a node of the same place with other children."""
        return Node(self.place, value)

    def without(self, key: str) -> Node:
        """Give a mapping without one of its keys."""
        return self.holding({name: node for name, node in self.mapping.items() if name != key})

    def plain(self) -> Any:
        """Give the value as ordinary dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def locate(self, path: Path) -> Place:
        """Give the place of a path, or of its nearest parent that was written down."""
        if not path:
            return self.place
        child = self._child(path[0])
        return child.locate(path[1:]) if child else self.place.below(path)

    def _child(self, step: str | int) -> Node | None:
        if isinstance(step, str):
            return self.mapping.get(step)
        return self.items[step] if step < len(self.items) else None


def from_plain(value: Any, place: Place) -> Node:
    """Build a tree of values that come from no file; each place is the root's with its path."""
    if isinstance(value, Mapping):
        return Node(
            place, {key: from_plain(item, place.below((key,))) for key, item in value.items()}
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Node(place, [from_plain(item, place.below((n,))) for n, item in enumerate(value)])
    return Node(place, value, str(value))


def merged(first: Node, second: Node) -> Node:
    """Join an including file with an included one: lists grow, mappings join, scalars are set."""
    if isinstance(first.value, dict) and isinstance(second.value, dict):
        joined = dict(first.value)
        for key, node in second.value.items():
            joined[key] = merged(joined[key], node) if key in joined else node
        return first.holding(joined)
    if isinstance(first.value, list) and isinstance(second.value, list):
        return first.holding([*first.value, *second.value])
    return second if second.value is not None else first
