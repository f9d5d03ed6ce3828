"""What the image can be built with, and what it says of itself."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_dockerfile import PROJECT, ROOT, all_of, stages

PACKAGE: dict[str, Any] = PROJECT["project"]
EXTRAS: dict[str, list[str]] = PACKAGE["optional-dependencies"]


def requirements(folder: Path, extras: str) -> set[str]:
    """Run the build stage's own line that lists what is installed."""
    (line,) = [text for text in all_of(stages()[0], "RUN") if "requirements.txt" in text]
    (command,) = [each for each in line.split("&&") if "tomllib" in each]
    words = shlex.split(command)
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    done = subprocess.run(
        [sys.executable, *words[1 : words.index(">")]],
        cwd=folder,
        env={**os.environ, "EXTRAS": extras},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines())


def test_all_extras_are_in_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    """The default build has every optional part, the ones that come later too."""
    assert "EXTRAS=all" in all_of(stages()[0], "ARG")
    every = {each for extra in EXTRAS.values() for each in extra}
    assert requirements(tmp_path, "all") == {*PACKAGE["dependencies"], *every}


@pytest.mark.parametrize("chosen", ["", "redis"])
def test_extras_can_be_chosen(tmp_path: Path, chosen: str) -> None:
    """`EXTRAS` names those that are installed; an empty one means none."""
    names = chosen.split(",") if chosen else []
    wanted = {each for name in names for each in EXTRAS[name]}
    assert requirements(tmp_path, chosen) == {*PACKAGE["dependencies"], *wanted}


def test_an_unknown_extra_stops_the_build(tmp_path: Path) -> None:
    """A misspelt name is not an image without the part."""
    with pytest.raises(subprocess.CalledProcessError):
        requirements(tmp_path, "reddis")


def test_the_labels_are_ocis() -> None:
    """Each name is one of the annotations that OCI has defined, and what a build knows is told.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    final = stages()[-1]
    (text,) = all_of(final, "LABEL")
    labels = dict(re.findall(r'([\w.]+)="([^"]*)"', text))
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in labels} == {
        *("title", "description", "licenses", "version", "revision", "created", "source"),
        "base.name",
    }
    assert labels[f"{prefix}licenses"] == PACKAGE["license"]
    assert labels[f"{prefix}description"] == PACKAGE["description"]
    arguments = {each.split("=")[0] for each in all_of(final, "ARG")}
    assert set(re.findall(r"\$\{(\w+)\}", text)) == arguments
