"""Fixtures: a configuration file of the test's own."""

from pathlib import Path

import pytest

from tests.live.emulated import Emulated
from tests.live.lifecycle.stage import File


@pytest.fixture
def file(tmp_path: Path, emulated: Emulated) -> File:
    """A file with the model `chat` and a master key."""
    file = File(tmp_path / "config.yaml", emulated.url)
    file.write()
    return file
