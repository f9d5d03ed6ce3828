"""Values that are made for every request: immutable by the type checkers' word.

A frozen dataclass pays for each of its fields at every creation, five times what an open one does.
Both checkers see `dataclasses.dataclass` here, and refuse every assignment to a field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen: bool, **options: bool) -> Callable[[type], type]:
        """Give `dataclass`, which freezes nothing, and hashes as if it did."""
        return dataclass(unsafe_hash=frozen, **options)


__all__ = ("value",)
