"""Loads configurations that are written out in a test, and gives what they say, without folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from proxy.config.load import Loaded, load_config
from proxy.config.problems import ConfigProblems


class Workbench:
    """A folder for configuration files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str, name: str = "config.yaml") -> Path:
        """Write a file, its indentation taken off."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(dedent(text).lstrip("\n").encode())
        return path

    def load(
        self, text: str, environ: Mapping[str, str] | None = None, *, lenient: bool = False
    ) -> Loaded:
        """Load a configuration that must be valid."""
        return load_config(self.write(text), environ or {}, lenient=lenient)

    def problems(
        self, text: str, environ: Mapping[str, str] | None = None, *, lenient: bool = False
    ) -> list[str]:
        """Load a configuration that must not be valid; give the lines."""
        try:
            self.load(text, environ, lenient=lenient)
        except ConfigProblems as error:
            return self.short(error.lines)
        raise AssertionError("the configuration was accepted")

    def short(self, lines: tuple[str, ...]) -> list[str]:
        """Take the folder's name out of lines."""
        return [line.replace(f"{self.folder}/", "") for line in lines]


MODEL = """\
model_list:
  - model_name: m
    litellm_params:
      model: sagemaker/e
"""
