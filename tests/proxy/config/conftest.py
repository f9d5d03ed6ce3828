"""The workbench of the configuration's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proxy.config.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Give a fresh folder for configuration files."""
    return Workbench(tmp_path)
