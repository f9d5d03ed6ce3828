"""Fixtures: the live tests' processes, for the search over HTTP."""

from tests.live.conftest import emulator_process, own_environment, start

__all__ = ["emulator_process", "own_environment", "start"]
