"""Checks that the packages `proxy`, `adapters` and `emulator` are sagegate's own.

Their names are generic: another distribution, or a folder in the working directory, may shadow one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from proxy.cannot_start import CannotStart

PACKAGES = ("proxy", "adapters", "emulator")
_MARK = "sagegate"


def check_packages(names: Iterable[str] = PACKAGES) -> None:
    """Look for sagegate's mark in each package.

    Raises:
        CannotStart: a package is missing or somebody else's.
    """
    for name in names:
        try:
            package = importlib.import_module(name)
        except ImportError as error:
            raise CannotStart(f"sagegate's package {name} is not installed: {error}") from error
        if getattr(package, "SAGEGATE", None) != _MARK:
            where = package.__file__ or ", ".join(getattr(package, "__path__", []))
            raise CannotStart(f"{where} hides sagegate's own package {name}: remove or rename it")
