"""Which models a key is for: names, and patterns with one `*`.

Knows texts only; refuses to know which models there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from adapters.value import value
from proxy.wildcards.pattern import STAR, Pattern

_REMEMBERED: Final = 1024
#: LiteLLM's words for every model.
_EVERY: Final = frozenset({STAR, "all-proxy-models"})


@value(frozen=True, slots=True)
class Grants:
    """A set of models' names.

    Args:
        names: Exact ones; None for every name.
        patterns: Those in which `*` stands for any text.
    """

    names: frozenset[str] | None = None
    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, said: Iterable[str]) -> Grants:
        """Read a key's `models`; none at all, as with LiteLLM, is every one.

        Raises:
            ValueError: one of them has several `*`.
        """
        models = frozenset(said)
        return EVERY_MODEL if not models or models & _EVERY else _granted(models)

    def __contains__(self, model: str) -> bool:
        if self.names is None or model in self.names:
            return True
        return any(pattern.match(model) is not None for pattern in self.patterns)


EVERY_MODEL: Final = Grants()


@lru_cache(_REMEMBERED)
def _granted(models: frozenset[str]) -> Grants:
    """Give the same grants to all keys that are for the same models: there may be many of them."""
    patterns = tuple(Pattern.of(name) for name in sorted(models) if STAR in name)
    return Grants(frozenset(name for name in models if STAR not in name), patterns)
