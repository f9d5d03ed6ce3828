"""Values: immutable by the type checkers' word, cheap to create and quick to define.

A frozen dataclass pays for each of its fields at every creation, five times what an open one does,
and half a millisecond at every start: Python compiles each of its six methods by itself. A value
is a dataclass of which only `__init__` is compiled. Both checkers see `dataclasses.dataclass` here,
and refuse every assignment to a field.

What code outside of this project gets, of callbacks and of the SDK, is no value but a frozen
dataclass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ("value",)

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:

    def value(
        *,
        frozen: bool,  # noqa: ARG001 - for the checkers
        eq: bool = True,
        repr: bool = True,  # noqa: A002 - dataclass's own name
        **options: bool,
    ) -> Callable[[type], type]:
        """Give `dataclass`, which freezes nothing, and compares, hashes and shows as if it did."""

        def defined(plain: type) -> type:
            new = dataclass(eq=False, repr=False, **options)(plain)
            methods = {**(_comparing(new) if eq else {}), **({"__repr__": _shown} if repr else {})}
            for name in methods.keys() - vars(plain).keys():
                setattr(new, name, methods[name])
            return new

        return defined


def _comparing(of: Any) -> dict[str, Callable[..., Any]]:
    """Make `__eq__` and `__hash__` of a dataclass: by its class and all fields, read at once."""
    parts = attrgetter("__class__", *(field.name for field in fields(of) if field.compare))

    def equal(self: object, other: object) -> bool:
        return parts(self) == parts(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(parts(self))

    return {"__eq__": equal, "__hash__": hashed}


@recursive_repr()
def _shown(self: Any) -> str:
    shown = (f"{it.name}={getattr(self, it.name)!r}" for it in fields(self) if it.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"
