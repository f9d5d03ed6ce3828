"""The wheel: nothing in it but our packages, nothing that runs by itself, twice the same bytes.

Security cases L1 and L3.
"""

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"proxy", "adapters", "emulator", "sagegate.py"}
BUILD = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"


def built(folder: Path) -> Path:
    """Builds the wheel as an installer does."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    return built(tmp_path_factory.mktemp("wheel") / "first")


def names(wheel: Path) -> list[PurePosixPath]:
    """The files in it."""
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


def test_only_our_packages_are_in_it(wheel: Path) -> None:
    """No tests, no tools, no configuration: our packages, and what the format itself asks for."""
    tops = {name.parts[0] for name in names(wheel)}
    (information,) = [top for top in tops if top.endswith(".dist-info")]

    assert tops == {*OURS, information}


def test_nothing_in_it_runs_by_itself(wheel: Path) -> None:
    """No `.pth`, no site customisation, no script and no binary: case L1."""
    ours = [name for name in names(wheel) if not name.parts[0].endswith(".dist-info")]
    starters = {"sitecustomize.py", "usercustomize.py", "setup.py", "conftest.py"}

    assert {name.suffix for name in ours} <= {".py", ".typed"}
    assert not [name for name in ours if name.name in starters]
    assert not [name for name in names(wheel) if name.suffix == ".pth"]


def test_a_build_can_be_repeated(wheel: Path, tmp_path: Path) -> None:
    """The same sources give the same bytes, so that anybody can check what was published (L3)."""
    assert built(tmp_path / "second").read_bytes() == wheel.read_bytes()
