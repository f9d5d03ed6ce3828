"""How much work one rendering may do, counted in steps and characters instead of seconds.

A clock would make the same request pass on one machine and fail on another; counts do not.
"""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from dataclasses import dataclass
from typing import Any, Final

from jinja2.runtime import Context

from adapters.base import MAX_PAYLOAD_BYTES

#: The variable that holds it: a name with a space, which a template can't spell.
BUDGET: Final = "the budget"

#: Loop passes, calls and operators; some tens of milliseconds of template work.
MAX_STEPS: Final = 250_000
#: All text that a template writes, also into its own variables.
MAX_CHARACTERS: Final = MAX_PAYLOAD_BYTES


class OverBudget(Exception):
    """The template wants to do more than one rendering may."""


@dataclass(slots=True)
class Budget:
    """What is left of one rendering's allowance."""

    steps: int = MAX_STEPS
    characters: int = MAX_CHARACTERS

    def spend(self, characters: int = 0) -> None:
        """Count one step and the characters that it writes.

        Raises:
            OverBudget: nothing is left.
        """
        self.steps -= 1
        self.characters -= characters
        if self.steps < 0 or self.characters < 0:
            raise OverBudget

    def weigh(self, value: Any) -> None:
        """Count a value's text before it is written, element by element.

        Lists that hold themselves twice, twice over, look small and write gigabytes.

        Raises:
            OverBudget: nothing is left.
        """
        waiting = [value]
        while waiting:
            item = waiting.pop()
            self.spend(_written_size(item))
            if isinstance(item, Mapping):
                waiting.extend(item.keys())
                waiting.extend(item.values())
            elif isinstance(item, list | tuple | KeysView | ValuesView | ItemsView):
                waiting.extend(item)


def budget_of(context: Context) -> Budget:
    """Give the budget of the rendering that is under way."""
    budget = context.parent[BUDGET]
    assert isinstance(budget, Budget)  # noqa: S101 - put there by `jinja`, for the type checker
    return budget


def _written_size(item: Any) -> int:
    """Give the characters of a text, and at least those of a whole number in any base."""
    if isinstance(item, str):
        return len(item)
    return item.bit_length() if isinstance(item, int) else 0
