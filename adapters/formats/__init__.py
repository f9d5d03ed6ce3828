"""The containers' dialects: one file each, ending in `FORMAT = Format(...)`.

A file here is usable at once under its own name; a third party's under `module:ATTRIBUTE`.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from adapters.base import Format
from adapters.errors import ConfigError


@cache
def names() -> tuple[str, ...]:
    """Give the names of the formats that sagegate brings along, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(name: str) -> Format:
    """Load a format by its name, or by `module:ATTRIBUTE`; only a configuration may name one.

    Raises:
        ConfigError: there is no such format; says which there are.
    """
    if ":" in name:
        return _load_foreign(name)
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise ConfigError(
            f"there is no format '{name}'{hint}; formats are: {', '.join(names())}, "
            "or 'module:FORMAT' for one of your own",
            path=("format",),
        )
    return _load_attribute(f"{__name__}.{name}", "FORMAT")


def _load_foreign(name: str) -> Format:
    module, _, attribute = name.partition(":")
    try:
        return _load_attribute(module, attribute)
    except ConfigError:
        raise
    except Exception as error:
        # Somebody else's module: whatever it raises, the setting that named it is told.
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"can't load format '{name}': {reason}", path=("format",)) from error


def _load_attribute(module: str, attribute: str) -> Format:
    loaded = getattr(importlib.import_module(module), attribute)
    if not isinstance(loaded, Format):
        raise ConfigError(
            f"'{module}:{attribute}' is not an adapters.base.Format", path=("format",)
        )
    return loaded
