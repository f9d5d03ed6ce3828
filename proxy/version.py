"""The version of the installed distribution."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache
def version(distribution: str = "sagegate") -> str:
    """Give an installed distribution's version; `unknown` in a tree that isn't installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"
