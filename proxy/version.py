"""The version of the installed distribution."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Give the version that `pyproject.toml` declares; `unknown` in a tree that isn't installed."""
    try:
        return metadata.version("sagegate")
    except metadata.PackageNotFoundError:
        return "unknown"
