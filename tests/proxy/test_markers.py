"""The check for shadowed packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cannot_start import CannotStart
from proxy.markers import check_packages


def test_our_own_packages_pass() -> None:
    """In a sound installation nothing is said."""
    check_packages()


def test_a_foreign_package_is_named_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package without the mark is somebody else's: the line names its file, or its folder."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("foreign_module.py", "foreign_folder"):
        path = tmp_path / name
        path.write_text("") if path.suffix else path.mkdir()
        package = path.stem
        with pytest.raises(CannotStart) as caught:
            check_packages([package])
        assert str(caught.value) == (
            f"{path} hides sagegate's own package {package}: remove or rename it"
        )


def test_a_missing_package_is_named() -> None:
    """A package that is not there at all is told as not installed."""
    with pytest.raises(CannotStart, match="sagegate's package no_such_package is not installed"):
        check_packages(["no_such_package"])
